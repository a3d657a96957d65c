// Active time, draft and the sending key of the editing page. Everything works without it.
'use strict';
(() => {
  const form = document.getElementById('edit');
  const text = document.getElementById('text');
  const remark = document.getElementById('remark');

  // Active seconds: the page is in view, and something was done in it a short while ago.
  const idle = 30000;
  const tick = 1000;
  let active = 0;
  let before = performance.now();
  let touched = before; // reading begins when the page is shown
  const count = () => {
    const now = performance.now();
    if (!document.hidden) active += Math.max(0, Math.min(now, touched + idle) - before);
    before = now;
  };
  setInterval(count, tick);
  document.addEventListener('visibilitychange', () => {
    // What passed until now was in view exactly where the page is hidden now.
    const now = performance.now();
    if (document.hidden) active += Math.max(0, Math.min(now, touched + idle) - before);
    else touched = now;
    before = now;
  });
  for (const kind of ['input', 'keydown', 'pointerdown', 'pointermove', 'wheel', 'touchmove', 'scroll', 'selectionchange']) {
    document.addEventListener(kind, () => {
      count();
      touched = performance.now();
    }, { passive: true, capture: true });
  }

  // A reload keeps the text and its time, and so does a failure. They stay in this window,
  // and go once another page says that they are saved.
  const key = 'draft:' + form.dataset.draft;
  const drafts = (() => {
    try {
      return window.sessionStorage;
    } catch {
      return null; // the browser stores nothing
    }
  })();
  const original = text.value;
  const draft = (() => {
    try {
      return JSON.parse(drafts.getItem(key));
    } catch {
      return null;
    }
  })();
  const saved = document.querySelector('.saved');
  if (draft && !saved) {
    active = draft.active;
    if (draft.original === original) text.value = draft.text;
    if (remark) remark.value = draft.remark;
  }
  if (drafts && saved) {
    for (const name of Object.keys(drafts)) if (name.startsWith('draft:')) drafts.removeItem(name);
  }
  let sent = false;
  const keep = () => {
    if (sent) return;
    count();
    try {
      drafts.setItem(key, JSON.stringify({ original, active, text: text.value, remark: remark ? remark.value : '' }));
    } catch {
      // Full or not allowed: the text stays in the page.
    }
  };
  window.addEventListener('pagehide', keep);
  text.addEventListener('input', keep);

  form.addEventListener('submit', (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    count();
    form.elements.seconds.value = (active / 1000).toFixed(3);
    if (event.submitter?.value === 'revise' && !remark.value.trim()) {
      event.preventDefault();
      remark.focus();
      return;
    }
    keep();
    sent = true;
    document.body.classList.add('sent');
    document.getElementById('status').textContent = 'Saving …';
  });
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    sent = false;
    touched = before = performance.now();
    document.body.classList.remove('sent');
  });

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.repeat || event.isComposing) return;
    const button = event.target === remark ? 'revise' : 'done';
    event.preventDefault();
    form.requestSubmit(form.querySelector('button[value="' + button + '"]'));
  });
})();
