-- Returns the payment gateway of a country; NULL is an unknown country (docs/compatibility.md#purchase-country).
CREATE OR REPLACE FUNCTION wanzami.ppv_gateway(country text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN country IS NULL OR country = ANY ('{DZ,AO,BJ,BW,BF,BI,CM,CV,CF,TD,KM,CG,CD,DJ,EG,GQ,ER,SZ,ET,GA,GM,GH,GN,GW,CI,KE,'
		'LS,LR,LY,MG,MW,ML,MR,MU,MA,MZ,NA,NE,NG,RW,ST,SN,SC,SL,SO,ZA,SS,SD,TZ,TG,TN,UG,ZM,ZW}'::text[]) THEN 'PAYSTACK' ELSE 'FLUTTERWAVE' END
$$;
