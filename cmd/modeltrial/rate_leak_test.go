package main

import (
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// What must not reach a rater: nobody would write it by chance.
const (
	leakControl   = "Quokkaprime Zenith"
	leakCandidate = "Zebrafisher-Ultra"
	leakModelA    = "wombatworks/bandicoot-77b-instruct"
	leakModelB    = "narwhalia/axolotl-9x3b"
	leakProvider  = "pangolincloud"
	leakPilot     = "thylacine-evaluation"
)

const leakConfig = `providers:
  - {name: ` + leakProvider + `, kind: recorded}
pilot:
  name: ` + leakPilot + `
  control: ` + leakControl + `
  arms:
    - {name: ` + leakControl + `, provider: ` + leakProvider + `, model: ` + leakModelA + `}
    - {name: ` + leakCandidate + `, provider: ` + leakProvider + `, model: ` + leakModelB + `}
  use_cases:
    - {category: creative, candidates: [` + leakCandidate + `]}
  weeks: 1
  tasks_per_week: 6
  ratings_per_comparison: 2
  non_inferiority_margin: 0.0777
  minimum_saving: 0.1
  budget_usd: "48151.62"
  concurrency: 1
  rater_checks:
    repeat_share: 0.1
    swapped_share: 0.1
    sentinel_share: 0.3
    sentinels:
      - {name: platypus-check, prompt: Greet the reader, better: Hello., worse: Go away.}
      - {name: echidna-check, prompt: Greet the writer, better: Good morning., worse: No.}
`

// traces are what a reply must not contain: the names as they are, in parts and in other
// writings, what answers cost and how long they took, and the words that only the owner
// is told. Parts as short as 77b are whole words: identifiers, which are random, have such
// letters by chance.
func traces() *regexp.Regexp {
	names := []string{leakControl, leakCandidate, leakModelA, leakModelB, leakProvider, leakPilot}
	parts := []string{
		"quokkaprime", "zenith", "zebrafisher", "wombatworks", "bandicoot", `\b77b\b`, "narwhalia", "axolotl", `\b9x3b\b`, "pangolin", "thylacine",
		`\b98765\b`, `\b98\.765`, `\b4321\b`, `\b1\.2345`, `\b0\.0678`, `\b48151\b`, `\b0\.0777`, // a page holds its time in longer numbers
		"platypus", "echidna", "sentinel", "swapped", `\bcontrol\b`, `candidate`, `\barm[ _-]?[ab]?\b`,
	}
	for _, name := range names {
		parts = append(parts, regexp.QuoteMeta(base64.StdEncoding.EncodeToString([]byte(name))[:12]), hex.EncodeToString([]byte(name)), regexp.QuoteMeta(url.QueryEscape(name)))
	}
	return regexp.MustCompile(`(?i)` + strings.Join(parts, "|"))
}

// leakWorkspace is a locked pilot whose answers name their arms.
func leakWorkspace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if code := execute([]string{"-C", dir, "init"}, io.Discard, t.Output()); code != 0 {
		t.Fatalf("init: exit code %d", code)
	}
	var log, answers strings.Builder
	log.WriteString("id,prompt,category\n")
	responses := csv.NewWriter(&answers)
	rows := [][]string{{"task_id", "arm", "response", "cost_usd", "latency_ms", "ttft_ms"}}
	for i := range 6 {
		fmt.Fprintf(&log, "t%d,Write greeting %d,creative\n", i, i)
		a, b := "The same answer.", "The same answer."
		switch i {
		case 0:
			a, b = "I am "+leakControl+", made by Wombatworks.", "# "+leakCandidate+"\n\n`"+leakModelB+"`"
		case 1:
			a = "See https://hub.example/" + leakModelA + " and **Zebrafisher** *Ultra*."
		case 2:
			b = base64.StdEncoding.EncodeToString([]byte(leakCandidate)) + "\n\n|x|\n|-|\n|axolotl 9x3b|"
		}
		rows = append(rows, []string{fmt.Sprintf("t%d", i), leakControl, a, "1.2345", "98765", "4321"}, []string{fmt.Sprintf("t%d", i), leakCandidate, b, "0.0678", "4321", "98765"})
	}
	if err := responses.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"modeltrial.yaml": leakConfig, "log.csv": log.String(), "answers.csv": answers.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"audit", "import", filepath.Join(dir, "log.csv")},
		{"pilot", "lock"},
		{"pilot", "import-responses", filepath.Join(dir, "answers.csv")},
	} {
		if code := execute(append([]string{"-C", dir}, args...), io.Discard, t.Output()); code != 0 {
			t.Fatalf("%v: exit code %d", args, code)
		}
	}
	return dir
}

// A visitor is a rater's browser that fetches all it can.
type visitor struct {
	t       *testing.T
	site    string
	client  *http.Client
	trace   *regexp.Regexp
	fetched map[string]int // replies by address without query
	bodies  map[string]string
}

func newVisitor(t *testing.T, site string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{
		t: t, site: site, trace: traces(), fetched: map[string]int{}, bodies: map[string]string{},
		client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// fetch sends a request, looks at all of the reply and gives its body and where it leads.
func (v *visitor) fetch(method, path, form string, headers ...string) (body, location string, status int) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.site+path, strings.NewReader(form))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	content, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	var all strings.Builder
	fmt.Fprintln(&all, path, response.Status)
	for name, values := range response.Header {
		if name != "Cache-Control" {
			fmt.Fprintln(&all, name, strings.Join(values, " "))
		}
	}
	if !strings.HasPrefix(path, "/assets/temml") { // others' code, as it was published
		all.Write(content)
	}
	if found := v.trace.FindString(all.String()); found != "" {
		v.t.Errorf("%s %s tells %q:\n%.2000s", method, path, found, all.String())
	}
	address, _, _ := strings.Cut(path, "?")
	v.fetched[address]++
	return string(content), response.Header.Get("Location"), response.StatusCode
}

// walk fetches a page and everything that it names, by every method.
func (v *visitor) walk(path string, seen map[string]bool) {
	v.t.Helper()
	if seen[path] {
		return
	}
	seen[path] = true
	body, location, _ := v.fetch(http.MethodGet, path, "")
	v.bodies[path] = body
	for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		v.fetch(method, path, "")
	}
	v.fetch(http.MethodPost, path, "id=guessed&verdict=left&guess=left")
	v.fetch(http.MethodPost, path, "id=%zz")
	v.fetch(http.MethodPost, path, "verdict=left", "Sec-Fetch-Site", "cross-site")
	v.fetch(http.MethodGet, path, "", "Range", "bytes=0-9", "If-None-Match", "*", "Accept", "application/json", "Accept-Encoding", "gzip")
	for _, next := range append(v.links(body), location) {
		if strings.HasPrefix(next, "/") {
			v.walk(next, seen)
		}
	}
}

var quotedAddress = regexp.MustCompile("[\"'`(](/[A-Za-z0-9_./?=&-]+)[\"'`)]")

// links are the addresses that a page, a style or a script names.
func (v *visitor) links(body string) []string {
	var links []string
	for _, match := range quotedAddress.FindAllStringSubmatch(body, -1) {
		links = append(links, match[1])
	}
	return links
}

// answer sends the page's form with one of its buttons pressed; false where there is no
// form.
func (v *visitor) answer(page string, press int) (next string, ok bool) {
	v.t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		v.t.Fatal(err)
	}
	fields := url.Values{}
	action := ""
	var buttons [][2]string
	for node := range document.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		attributes := map[string]string{}
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		switch {
		case node.Data == "form":
			action = attributes["action"]
		case node.Data == "input" && attributes["type"] == "hidden":
			fields.Set(attributes["name"], attributes["value"])
		case node.Data == "button" && attributes["value"] != "" && attributes["name"] != "":
			buttons = append(buttons, [2]string{attributes["name"], attributes["value"]})
		}
	}
	if action == "" || len(buttons) == 0 {
		return "", false
	}
	button := buttons[press%len(buttons)]
	fields.Set(button[0], button[1])
	_, location, status := v.fetch(http.MethodPost, action, fields.Encode(), "Sec-Fetch-Site", "same-origin")
	if status != http.StatusSeeOther {
		v.t.Fatalf("%s: status %d for %v", action, status, fields)
	}
	return location, true
}

// TestRatersLearnNothing walks everything that raters' browsers can fetch from the real
// program for a pilot whose arms have names, models, prices and latencies that nobody
// would write by chance, and finds none of them.
func TestRatersLearnNothing(t *testing.T) {
	t.Parallel()
	dir := leakWorkspace(t)
	var links strings.Builder
	if code := execute([]string{"-C", dir, "rate", "invite", "Ana", "Ben", "Cem"}, &links, t.Output()); code != 0 {
		t.Fatalf("rate invite: exit code %d", code)
	}
	tokens := regexp.MustCompile(`/r/[\w-]+`).FindAllString(links.String(), -1)
	if len(tokens) != 3 {
		t.Fatalf("links %q, want three", links.String())
	}
	if code := execute([]string{"-C", dir, "rate", "invite", "Cem", "--revoke"}, io.Discard, t.Output()); code != 0 {
		t.Fatalf("revoke: exit code %d", code)
	}
	server, site := startServer(t, dir, "--ask-guess", "1")
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() }) // the test is over
	masks := 0
	same := map[string]bool{} // pages of comparisons whose answers are the same
	for _, token := range tokens {
		v := newVisitor(t, site)
		seen := map[string]bool{}
		v.walk("/", seen) // before the link is opened
		v.walk(token, seen)
		v.walk("/r/unknown-"+token[3:9], seen)
		for _, path := range []string{"/nothing", "/assets/", "/r/", "/results", "/.git/config", "/debug/pprof/", "/favicon.ico"} {
			v.walk(path, seen)
		}
		for range 40 {
			for _, path := range []string{"/", "/previous", "/guess"} { // what they show changes
				delete(seen, path)
				v.walk(path, seen)
			}
			page := v.bodies["/"]
			masks += strings.Count(page, "▇▇▇ (name hidden)")
			if strings.Count(page, "The same answer.") == 2 {
				same[anonymous(page)] = true
			}
			next, ok := v.answer(page, len(v.bodies)+masks)
			if !ok {
				break
			}
			for next != "" && next != "/" {
				delete(seen, next)
				v.walk(next, seen)
				if next, ok = v.answer(v.bodies[next], masks); !ok {
					break
				}
			}
		}
		if token != tokens[2] && v.fetched["/verdict"] < 6 {
			t.Errorf("%d verdicts were sent, want the rater's six", v.fetched["/verdict"])
		}
		t.Logf("%d replies of %d addresses", total(v.fetched), len(v.fetched))
	}
	if masks == 0 {
		t.Error("no name was masked: the answers that give themselves away were not shown")
	}
	// What is on which side must not show in any other way.
	if len(same) != 1 {
		t.Errorf("the pages of comparisons with equal answers differ in %d ways", len(same))
		for page := range same {
			t.Log(page)
		}
	}
	// The walk would notice a trace.
	if !traces().MatchString("x-model: Bandicoot") || !traces().MatchString(hex.EncodeToString([]byte(leakModelB))) {
		t.Error("the traces that are looked for are none")
	}
}

// changing is what differs from comparison to comparison.
var changing = regexp.MustCompile(`value="[^"]{10,}"|Write greeting \d+|\s+`)

// anonymous is the part of a page that shows task and answers without what differs from
// comparison to comparison.
func anonymous(page string) string {
	_, main, _ := strings.Cut(page, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	return changing.ReplaceAllString(main, "")
}

func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}
