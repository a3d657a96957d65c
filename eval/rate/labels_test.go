package rate_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"modeltrial/audit"
	"modeltrial/eval/rate"
)

// attribute is an element's; empty where it has none.
func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is what a screen reader says of an element: its text without what is hidden.
func textOf(node *html.Node) string {
	if node.Type == html.TextNode {
		return node.Data
	}
	if attribute(node, "aria-hidden") == "true" {
		return ""
	}
	var b strings.Builder
	for child := range node.ChildNodes() {
		b.WriteString(textOf(child))
	}
	return strings.TrimSpace(b.String())
}

// isHidden says whether an element is there for the browser only.
func isHidden(node *html.Node) bool {
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Key == "hidden" })
}

// nameless are the elements that can be focused, or are landmarks, and have no name.
func nameless(t *testing.T, page string) (found []string) {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	byID, labelled, level := map[string]*html.Node{}, map[string]bool{}, 0
	for node := range document.Descendants() {
		if id := attribute(node, "id"); id != "" {
			if byID[id] != nil {
				found = append(found, "two elements with the id "+id)
			}
			byID[id] = node
		}
		if node.Data == "label" && textOf(node) != "" {
			labelled[attribute(node, "for")] = true
			for child := range node.Descendants() {
				if child.Data == "input" {
					labelled["in "+attribute(child, "name")+attribute(child, "id")+attribute(child, "value")] = true
				}
			}
		}
	}
	for node := range document.Descendants() {
		if node.Type != html.ElementNode || attribute(node, "type") == "hidden" {
			continue
		}
		named := attribute(node, "aria-label") != ""
		for id := range strings.FieldsSeq(attribute(node, "aria-labelledby") + " " + attribute(node, "aria-describedby")) {
			if byID[id] == nil {
				found = append(found, node.Data+" names the id "+id+", which is not there")
				continue
			}
			named = named || textOf(byID[id]) != ""
		}
		switch node.Data {
		case "a", "button", "summary":
			named = named || textOf(node) != "" || isHidden(node)
		case "input", "textarea":
			named = named || labelled[attribute(node, "id")] || labelled["in "+attribute(node, "name")+attribute(node, "id")+attribute(node, "value")]
		case "h1", "h2", "h3":
			level++
			named = textOf(node) != ""
		case "nav", "section", "form":
		default:
			if attribute(node, "tabindex") == "" && attribute(node, "popover") == "" {
				continue
			}
		}
		if !named {
			found = append(found, node.Data+" "+attribute(node, "id")+attribute(node, "name")+attribute(node, "class"))
		}
	}
	if level == 0 {
		found = append(found, "the page has no heading")
	}
	return found
}

// TestScreenReadersHaveNames: whatever can be focused on any page says what it is.
func TestScreenReadersHaveNames(t *testing.T) {
	store := newFakeStore(sampleComparisons(2)...)
	token := store.invite(t, "Ana")
	site := newSite(t, store, t.Output())
	edits := newFakeEditStore(sampleComparisons(2)...)
	editor := edits.invite(t, "Ana")
	editing := newEditSite(t, edits, t.Output(), func() time.Time { return testTime })
	do(t, "GET", site.URL+"/", token, "")
	do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+current(t, store, 1))
	for _, address := range []string{
		site.URL + "/", site.URL + "/previous", site.URL + "/guess", site.URL + "/pause", site.URL + "/practice", site.URL + "/nothing",
		editing.URL + "/", editing.URL + "/pause",
	} {
		with := token
		if strings.HasPrefix(address, editing.URL) {
			with = editor
		}
		for _, what := range nameless(t, do(t, "GET", address, with, "").body) {
			t.Errorf("%s: without a name: %s", strings.TrimPrefix(strings.TrimPrefix(address, site.URL), editing.URL), what)
		}
	}
	if broken := nameless(t, `<h1>x</h1><button><kbd aria-hidden="true">1</kbd></button><textarea id="a"></textarea><section></section>`); len(broken) != 3 {
		t.Errorf("the check itself finds %v in a page with three faults", broken)
	}
}

// TestHostileTextToEdit: nothing in a task, an answer, a remark or a name is obeyed.
func TestHostileTextToEdit(t *testing.T) {
	var hostile []fakeComparison
	for _, payload := range payloads {
		hostile = append(hostile, fakeComparison{
			task:    audit.Task{Prompt: payload, System: payload, Conversation: []audit.Message{{Role: payload, Content: payload}, {Role: "assistant", Content: payload}}},
			control: payload, candidate: payload,
		})
	}
	store := newFakeEditStore(hostile...)
	token := store.invite(t, payloads[0])
	server := httptest.NewServer(rate.NewEditHandler(store, rate.Options{Now: func() time.Time { return testTime }}))
	t.Cleanup(server.Close)
	for i, payload := range payloads {
		do(t, "GET", server.URL+"/", token, "")
		shown := store.shownEdits[i]
		store.shownEdits[i].Remark = payload
		page := do(t, "GET", server.URL+"/", token, "").body
		document, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for node := range document.Descendants() {
			if node.Type == html.ElementNode {
				counts[node.Data]++
			}
			for _, a := range node.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || a.Key == "formaction" {
					t.Errorf("%q gives <%s %s=%q>", payload, node.Data, a.Key, a.Val)
				}
			}
		}
		for name, want := range map[string]int{"script": 2, "link": 1, "form": 1, "textarea": 2, "img": 0, "iframe": 0, "svg": 0, "object": 0, "base": 0} {
			if counts[name] != want {
				t.Errorf("%q gives %d <%s>, want %d", payload, counts[name], name, want)
			}
		}
		do(t, "POST", server.URL+"/edit", token, "outcome=skipped&id="+shown.ID)
	}
}
