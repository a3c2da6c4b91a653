/* The web console: sign-in, multipart uploads of films, their progress, publishing and playback. Each subject has a module of its own. */
import './art.js';
import './audit.js';
import './create.js';
import './details.js';
import './history.js';
import './jobs.js';
import './link.js';
import './loading.js';
import './operations.js';
import './pages.js';
import './people.js';
import './purchases.js';
import './series.js';
import './tracks.js';
import { askToSignIn, enter, session } from './session.js';

if (session.load().access)
	enter();
else
	askToSignIn();
