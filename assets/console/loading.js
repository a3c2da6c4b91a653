/* The line that stands in place of the titles until they have been loaded. */
import { $, hub } from './dom.js';
import { server } from './server.js';

hub.addEventListener('draw', () => { $('titles-loading').hidden = server.loaded || server.refused; });
