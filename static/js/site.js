// What every page uses.
import "./copy-button.js";
import "./notification-bell.js";
import "./site-menu.js";
import "./shortcuts.js";
import "./stacked-tables.js";
import "./tabs-in-view.js";
import "./theme-toggle.js";

document.documentElement.classList.replace("no-js", "js");
