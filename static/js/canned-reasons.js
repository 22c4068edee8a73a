/** `<canned-reasons>` holds a select of reasons that come up often: choosing one fills in the form's reason. */
class CannedReasons extends HTMLElement {
  connectedCallback() {
    const select = this.querySelector("select");
    const reason = this.closest("form")?.querySelector("textarea");
    if (!select || !reason) return;
    this.hidden = false;
    select.addEventListener("change", () => {
      if (!select.value) return;
      reason.value = select.value;
      reason.focus();
    });
  }
}

customElements.define("canned-reasons", CannedReasons);
