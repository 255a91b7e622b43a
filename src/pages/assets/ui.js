/* ES5 for Internet Explorer 11; pages work without it. It polls #live, sends a form once and selects
   all rows of a table. */
(function () {
  "use strict";
  /* #live: data-rev is what it shows, data-every the seconds to the next poll (absent: final).
     #live-notice, #live-status: role="status". */
  var live = byId("live"), faults = 0, busy, timer;

  function byId(id, page) { return (page || document).getElementById(id); }

  function all(selector, act, from) {
    [].forEach.call((from || document).querySelectorAll(selector), act);
  }

  function notice(id) {
    all("#live-notice > *", function (box) { box.hidden = box.id !== id; });
  }

  function end(id) {
    live.setAttribute("data-every", "");
    notice(id);
  }

  /* Keeps the focus, by id, or on the whole. */
  function replace(id, page) {
    var old = byId(id), fresh = byId(id, page), active = document.activeElement, top = window.pageYOffset;
    if (!old || !fresh) { return; }
    var held = old.contains(active);
    fresh = document.importNode(fresh, true);
    old.parentNode.replaceChild(fresh, old);
    if (held) {
      fresh.tabIndex = -1;
      (byId(active.id) || fresh).focus();
      window.scrollTo(0, top);
    }
  }

  function show(page) {
    var from = byId("live-status", page), to = byId("live-status");
    if (!byId("live", page)) { return end("live-signed-out"); }
    replace("live", page);
    replace("live-actions", page);
    live = byId("live");
    if (from && to && to.textContent !== from.textContent) { to.textContent = from.textContent; }
  }

  function wait() {
    var every = live.getAttribute("data-every");
    clearTimeout(timer);
    if (every && !document.hidden) {
      timer = setTimeout(poll, 1000 * Math.min(every * Math.pow(2, faults), 60));
    }
  }

  function poll() {
    var query = location.search.replace(/([?&])since=[^&]*/, "$1"), request = new XMLHttpRequest();
    if (busy || !live.getAttribute("data-every")) { return; }
    busy = true;
    request.open("GET", location.pathname + (query || "?") + "&since=" +
      encodeURIComponent(live.getAttribute("data-rev")));
    /* Not innerHTML or DOMParser: the pages' policy forbids them. */
    request.responseType = "document";
    request.timeout = 15000;
    request.onloadend = function () {
      var status = request.status, page = status === 200 && request.response;
      busy = false;
      if (status > 399 && status < 500 && status !== 429) {
        end(status === 401 ? "live-signed-out" : "live-stopped");
      } else if (page || status === 204) {
        faults = 0;
        notice();
        if (page) { show(page); }
      } else if (faults++) {
        notice("live-lost");
      }
      wait();
    };
    request.send();
  }

  if (live) {
    document.addEventListener("visibilitychange", function () {
      clearTimeout(timer);
      if (!document.hidden) { poll(); }
    });
    wait();
  }

  function disable(form, off) {
    all("button", function (button) { button.disabled = off; }, form);
    form.setAttribute("data-sent", off || "");
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.getAttribute("method") !== "post") { return; }
    if (form.getAttribute("data-sent")) { return event.preventDefault(); }
    form.setAttribute("data-sent", true);
    /* Later: name and value of the pressed button are still to be read. */
    setTimeout(function () { disable(form, true); }, 0);
    setTimeout(function () { disable(form); }, 10000);
  });

  /* label[hidden] > input[data-all=NAME of the rows' boxes] */
  all("[data-all]", function (one) { one.parentNode.hidden = false; });

  document.addEventListener("change", function (event) {
    var one = event.target, name = one.getAttribute("data-all");
    all(name ? '[name="' + name + '"]' : '[data-all="' + one.name + '"]', function (box) {
      box.checked = name && one.checked;
    });
  });

  window.addEventListener("pageshow", function () {
    all("[data-sent]", function (form) { disable(form); });
  });
}());
