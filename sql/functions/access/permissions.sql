-- Returns the permissions of a role, in the order in which access tokens list them (docs/compatibility.md#permissions).
CREATE OR REPLACE FUNCTION wanzami.permissions(role "Role") RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE role
		WHEN 'SUPER_ADMIN' THEN ARRAY['dashboard:view', 'admin:users:manage', 'admin:invites:manage', 'movies:manage', 'movies:view',
			'blog:manage', 'blog:view', 'users:manage', 'users:view', 'payments:manage', 'payments:view', 'moderation:manage',
			'analytics:view', 'settings:manage', 'settings:view', 'ops:manage']
		WHEN 'CONTENT_MANAGER' THEN ARRAY['dashboard:view', 'movies:manage', 'blog:view', 'users:view', 'payments:view',
			'moderation:manage', 'analytics:view', 'settings:view', 'ops:manage']
		WHEN 'BLOG_EDITOR' THEN ARRAY['dashboard:view', 'blog:manage', 'movies:view', 'users:view', 'analytics:view']
		WHEN 'MODERATOR' THEN ARRAY['dashboard:view', 'movies:view', 'moderation:manage', 'users:manage', 'analytics:view']
		WHEN 'SUPPORT' THEN ARRAY['dashboard:view', 'users:manage', 'payments:view', 'moderation:manage', 'analytics:view']
		WHEN 'FINANCE' THEN ARRAY['dashboard:view', 'payments:manage', 'settings:manage', 'analytics:view']
		WHEN 'ANALYTICS' THEN ARRAY['dashboard:view', 'movies:view', 'blog:view', 'users:view', 'payments:view', 'moderation:manage',
			'analytics:view']
		WHEN 'OPS' THEN ARRAY['dashboard:view', 'settings:manage', 'ops:manage', 'movies:view', 'blog:view', 'users:view', 'analytics:view']
		ELSE ARRAY['dashboard:view']
	END
$$;
