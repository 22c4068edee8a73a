// What lists of algorithms use.
import "./live-filter.js";
import "./toggle-form.js";
