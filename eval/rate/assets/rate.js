// Keys, time, scrolling and the way to the next page. Everything works without it.
'use strict';
(() => {
  // A second click or a key held a little long must not rate a comparison that
  // has only just appeared.
  const quiet = 350;
  const arrows = { ArrowLeft: '←', ArrowDown: '↓', ArrowRight: '→' };
  // What a rater has switched on stays so from one comparison to the next.
  const chosen = { together: true, differences: false };

  let since = 0; // when the page appeared
  let sent = false;
  let active = 0; // milliseconds in which the page was visible
  let visibleSince = 0;
  let timed = ''; // the id of the comparison whose time is counted

  const byId = (id) => document.getElementById(id);
  const form = () => byId('verdict');
  const milliseconds = () => active + (visibleSince ? performance.now() - visibleSince : 0);
  const say = (text) => {
    const status = byId('status');
    if (status) status.textContent = text;
  };
  const kept = (work) => {
    try {
      return work(window.sessionStorage);
    } catch {
      return null; // the browser stores nothing
    }
  };

  // start is run for each page, whether the browser has loaded it or this script.
  const start = () => {
    since = performance.now();
    sent = false;
    visibleSince = document.hidden ? 0 : since;
    timed = form()?.elements?.seconds ? form().elements.id.value : '';
    // A reload goes on with the time before it.
    active = timed ? Number(kept((storage) => storage.getItem('time:' + timed))) || 0 : 0;
    // A live region speaks only when it changes.
    if (document.querySelector('.saved')) setTimeout(() => say('Saved. ' + document.title), 100);
    for (const name of Object.keys(chosen)) {
      const box = byId(name);
      if (!box) continue;
      box.checked = chosen[name];
      box.addEventListener('change', () => {
        chosen[name] = box.checked;
        if (name === 'differences') compare();
      });
    }
    scrollTogether();
    compare();
    document.querySelector('[autofocus]')?.focus();
    // The next comparison is made ready while this one is read.
    if (form()?.matches('[data-ahead]')) setTimeout(() => fetch('/ahead', { method: 'POST' }).catch(() => {}), 50);
  };

  document.addEventListener('visibilitychange', () => {
    if (document.hidden && visibleSince) {
      active += performance.now() - visibleSince;
      visibleSince = 0;
    } else if (!document.hidden && !visibleSince) {
      visibleSince = performance.now();
    }
  });
  window.addEventListener('pagehide', () => {
    if (timed && !sent) kept((storage) => storage.setItem('time:' + timed, String(Math.round(milliseconds()))));
  });

  // Formulas are set from their TeX, which stays where it cannot be read. The script for it
  // is fetched once, for the first page that has any.
  let mathScript = null;
  const setMath = async (body) => {
    const formulas = [...body.querySelectorAll('.math')];
    if (formulas.length === 0 || !body.dataset.math) return;
    mathScript ??= new Promise((resolve) => {
      const script = document.createElement('script');
      script.src = body.dataset.math;
      script.onload = script.onerror = () => resolve(window.temml);
      document.head.append(script);
    });
    const temml = await mathScript;
    if (!temml) return;
    for (const formula of formulas) {
      const tex = formula.textContent;
      const bare = /^(?:\$\$|\\[([])([^]*)(?:\$\$|\\[)\]])$/.exec(tex)?.[1] ?? tex.slice(1, -1);
      if (tex.includes('▇')) continue; // a name is hidden in it
      try {
        temml.render(bare, formula, { displayMode: formula.classList.contains('display'), trust: false, throwOnError: true });
      } catch {
        formula.textContent = tex;
      }
    }
  };

  // show puts the page of a reply in the place of this one.
  const show = async (reply) => {
    const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
    // Nothing moves once it is shown.
    await Promise.race([setMath(page.body), new Promise((resolve) => setTimeout(resolve, 1000))]);
    const location = reply.headers.get('Content-Location');
    if (location) history.replaceState(null, '', location);
    else if (reply.redirected) history.replaceState(null, '', reply.url);
    document.title = page.title;
    document.body.replaceWith(page.body);
    window.scrollTo(0, 0);
    start();
  };

  // send sends a form and shows what comes: one request, where the browser would make two.
  const send = async (target, button) => {
    const fields = new URLSearchParams(new FormData(target, button));
    try {
      await show(await fetch(target.getAttribute('action'), {
        method: 'POST', body: fields, headers: { Prefer: 'return=representation' }, signal: AbortSignal.timeout(30000),
      }));
    } catch {
      sent = false;
      document.body.classList.remove('sent');
      const problem = byId('problem');
      problem.textContent = 'Not saved: the server cannot be reached. Choose again in a moment.';
      problem.hidden = false;
      say('');
    }
  };

  document.addEventListener('submit', (event) => {
    const target = event.target;
    if (!target.matches('#verdict')) return; // its field named id hides its own
    // The hidden button is the one that Enter presses: it must choose nothing.
    if (sent || performance.now() - since < quiet || event.submitter?.hidden) {
      event.preventDefault();
      return;
    }
    sent = true;
    if (target.elements.seconds) target.elements.seconds.value = (milliseconds() / 1000).toFixed(3);
    if (timed) kept((storage) => storage.removeItem('time:' + timed));
    if (target.matches('[data-swap]')) {
      event.preventDefault();
      send(target, event.submitter);
    }
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

  const scrolls = (target) => target.closest('.scroll, summary')
    || document.documentElement.scrollHeight > window.innerHeight + 1;

  // Among the grades a digit gives one, 0 takes it back, and the next is asked.
  const gradedBy = (event, key) => {
    const { target } = event;
    if (!/^\d$/.test(key) || !target.matches?.('.points input') || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return false;
    event.preventDefault();
    const group = target.closest('.points');
    const chosen = group.querySelector('input[value="' + key + '"]');
    if (!chosen) return true;
    chosen.checked = true;
    const groups = [...document.querySelectorAll('.points')];
    const next = groups[groups.indexOf(group) + 1];
    (next ? next.querySelector('input:checked') : chosen).focus();
    return true;
  };

  document.addEventListener('keydown', (event) => {
    const { target } = event;
    const help = byId('help');
    // A digit is the key of that place: some keyboards have digits under Shift only.
    const key = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] || event.key;
    if (gradedBy(event, key)) return;
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
    const box = document.querySelector('input[aria-keyshortcuts="' + CSS.escape(key) + '"]');
    if (box && !box.closest('[hidden]')) {
      event.preventDefault();
      box.click();
      return;
    }
    const fold = document.querySelector('details[data-toggle="' + CSS.escape(key) + '"]');
    if (fold) {
      event.preventDefault();
      fold.open = !fold.open;
      (fold.open ? fold.querySelector('input, textarea, button') : fold.querySelector('summary')).focus();
      return;
    }
    const button = form()?.querySelector(Object.hasOwn(arrows, key)
      ? 'button[data-arrow="' + arrows[key] + '"]' : 'button[data-key="' + CSS.escape(key) + '"]');
    if (!button || (key.startsWith('Arrow') && scrolls(target))) return;
    event.preventDefault();
    form().requestSubmit(button);
  });
  // Escape leaves what is typed, so that the keys work again.
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.target.matches?.('textarea, input')) event.target.blur();
  });

  // Both answers scroll by the same share of their length.
  const boxes = () => [...document.querySelectorAll('.answer .scroll')];
  const height = (box) => box.scrollHeight - box.clientHeight;
  const offerTogether = () => {
    const together = byId('together');
    if (together) together.parentElement.hidden = !boxes().some((box) => height(box) > 1);
  };
  window.addEventListener('resize', offerTogether);
  const scrollTogether = () => {
    offerTogether();
    const both = boxes();
    if (both.length !== 2) return;
    let follower = null;
    both.forEach((box, i) => box.addEventListener('scroll', () => {
      if (follower === box) {
        follower = null;
        return;
      }
      const other = both[1 - i];
      if (!chosen.together || height(box) < 1 || height(other) < 1) return;
      const top = Math.round(box.scrollTop / height(box) * height(other));
      if (Math.abs(other.scrollTop - top) < 1) return;
      follower = other;
      other.scrollTop = top;
    }, { passive: true }));
  };

  // Words that only one of the answers has are highlighted, without a change to the page.
  const most = 4000000; // cells of the comparison's table
  const words = (box) => {
    const found = [];
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const word of node.data.matchAll(/[\p{L}\p{N}\p{M}_]+|[^\s\p{L}\p{N}\p{M}_]/gu)) {
        found.push({ text: word[0], node, from: word.index, to: word.index + word[0].length });
      }
    }
    return found;
  };
  // differing are the words of two texts that are not in their longest common
  // subsequence; null where the texts are too long.
  const differing = (a, b) => {
    let from = 0;
    while (from < a.length && from < b.length && a[from].text === b[from].text) from++;
    let endA = a.length;
    let endB = b.length;
    while (endA > from && endB > from && a[endA - 1].text === b[endB - 1].text) {
      endA--;
      endB--;
    }
    const n = endA - from;
    const m = endB - from;
    if ((n + 1) * (m + 1) > most) return null;
    const width = m + 1;
    const table = new Uint16Array((n + 1) * width);
    for (let i = n - 1; i >= 0; i--) {
      for (let j = m - 1; j >= 0; j--) {
        table[i * width + j] = a[from + i].text === b[from + j].text ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
      }
    }
    const only = [];
    let i = 0;
    let j = 0;
    while (i < n || j < m) {
      if (i < n && j < m && a[from + i].text === b[from + j].text) {
        i++;
        j++;
      } else if (j >= m || (i < n && table[(i + 1) * width + j] >= table[i * width + j + 1])) {
        only.push(a[from + i++]);
      } else {
        only.push(b[from + j++]);
      }
    }
    return only;
  };
  const compare = () => {
    const box = byId('differences');
    if (!box || !globalThis.Highlight || !CSS.highlights) return;
    box.parentElement.hidden = false;
    CSS.highlights.delete('differing');
    const both = boxes();
    if (!box.checked || both.length !== 2) return;
    const only = differing(words(both[0]), words(both[1]));
    if (!only) {
      say('The answers are too long to be compared word by word.');
      return;
    }
    CSS.highlights.set('differing', new Highlight(...only.map((word) => {
      const range = new Range();
      range.setStart(word.node, word.from);
      range.setEnd(word.node, word.to);
      return range;
    })));
    say(only.length + ' words differ.');
  };

  setMath(document.body).then(start);
})();
