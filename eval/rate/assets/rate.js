// Keys, time and scrolling of the rating page. Everything works without it.
'use strict';
(() => {
  const form = document.getElementById('verdict');
  const help = document.getElementById('help');
  // A second click or a key held a little long must not rate a comparison that
  // has only just appeared.
  const quiet = 350;
  const since = performance.now();
  let sent = false;

  // Seconds in which the page was visible.
  let active = 0;
  let visibleSince = document.hidden ? 0 : performance.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && visibleSince) {
      active += performance.now() - visibleSince;
      visibleSince = 0;
    } else if (!document.hidden && !visibleSince) {
      visibleSince = performance.now();
    }
  });
  const seconds = () => (active + (visibleSince ? performance.now() - visibleSince : 0)) / 1000;

  const say = (text) => {
    const status = document.getElementById('status');
    if (status) status.textContent = text;
  };

  if (form) {
    form.addEventListener('submit', (event) => {
      // The hidden button is the one that Enter presses: it must choose nothing.
      if (sent || performance.now() - since < quiet || event.submitter?.hidden) {
        event.preventDefault();
        return;
      }
      sent = true;
      if (form.elements.seconds) form.elements.seconds.value = seconds().toFixed(3);
      document.body.classList.add('sent');
      say('Saving …');
    });
    // A page from the browser's history can be rated again.
    window.addEventListener('pageshow', (event) => {
      if (!event.persisted) return;
      sent = false;
      document.body.classList.remove('sent');
      say('');
    });
  }

  // A live region speaks only when it changes.
  if (document.querySelector('.saved')) setTimeout(() => say('Saved. ' + document.title), 100);

  const arrows = { ArrowLeft: '←', ArrowDown: '↓', ArrowRight: '→' };
  const recognised = document.getElementById('recognised');
  const scrolls = (target) => target.closest('.scroll, summary')
    || document.documentElement.scrollHeight > window.innerHeight + 1;

  document.addEventListener('keydown', (event) => {
    const { target } = event;
    // A digit is the key of that place: some keyboards have digits under Shift only.
    const key = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] || event.key;
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (!(target instanceof Element) || target.closest('textarea, input:not([type=checkbox]), select, [contenteditable]')) return;
    if (key === '?' && help) {
      event.preventDefault();
      help.togglePopover();
      return;
    }
    if (event.shiftKey || (help && help.matches(':popover-open'))) return;
    const link = document.querySelector('a[data-key="' + CSS.escape(key) + '"]');
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
    if (recognised && key === 'r') {
      event.preventDefault();
      recognised.click();
      return;
    }
    const button = form && form.querySelector(Object.hasOwn(arrows, key)
      ? 'button[data-arrow="' + arrows[key] + '"]' : 'button[data-key="' + CSS.escape(key) + '"]');
    if (!button || (key.startsWith('Arrow') && scrolls(target))) return;
    event.preventDefault();
    form.requestSubmit(button);
  });

  // Both answers scroll by the same share of their length.
  const together = document.getElementById('together');
  const boxes = [...document.querySelectorAll('.answer .scroll')];
  const height = (box) => box.scrollHeight - box.clientHeight;
  if (together && boxes.length === 2) {
    const show = () => { together.parentElement.hidden = !boxes.some((box) => height(box) > 1); };
    show();
    window.addEventListener('resize', show);
    let follower = null;
    boxes.forEach((box, i) => box.addEventListener('scroll', () => {
      if (follower === box) {
        follower = null;
        return;
      }
      const other = boxes[1 - i];
      if (!together.checked || height(box) < 1 || height(other) < 1) return;
      const top = Math.round(box.scrollTop / height(box) * height(other));
      if (Math.abs(other.scrollTop - top) < 1) return;
      follower = other;
      other.scrollTop = top;
    }, { passive: true }));
  }
})();
