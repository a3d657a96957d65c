package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func renderHTML(t *testing.T, in Input) string {
	t.Helper()
	var out bytes.Buffer
	if err := HTML(&out, in); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// checkSelfContained looks through a page made of hostile texts: nothing may be loaded
// or executed, and no control character shown. It counts the figures.
func checkSelfContained(t *testing.T, page string) (figures int) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		switch node.Data {
		case "script", "link", "img", "iframe", "object":
			t.Errorf("the page has a %s element", node.Data)
		case "svg":
			figures++
		}
		for _, attribute := range node.Attr {
			if strings.HasPrefix(attribute.Key, "on") || attribute.Key == "src" || attribute.Key == "href" {
				t.Errorf("%s has the attribute %s=%q", node.Data, attribute.Key, attribute.Val)
			}
		}
	}
	if strings.ContainsAny(page, "\x1b\u202e") {
		t.Error("control characters reached the page")
	}
	return figures
}

func TestHTMLIsSelfContainedAndEscapes(t *testing.T) {
	in := fixtureInput()
	in.Analysis.Pilot, in.Analysis.Deviations = hostile, []string{hostile}
	in.Analysis.Comparisons[0].Candidate = hostile
	in.Routing.Routes[0].Arm, in.Routing.Routes[0].Reason = hostile, hostile
	page := renderHTML(t, in)
	figures := checkSelfContained(t, page)
	if figures < 8 {
		t.Errorf("%d figures, want forest, spend and workload twice and funnels", figures)
	}
}

func TestHTMLSectionsAndProvenance(t *testing.T) {
	page := renderHTML(t, fixtureInput())
	at := 0
	for _, heading := range []string{"<h1>", ">What we did<", ">Evidence for each use case<", ">Money<", ">Time<", ">Raters and judges<", ">Claims checked<", ">Limits and deviations<", ">Method<", ">Appendix<"} {
		next := strings.Index(page[at:], heading)
		if next < 0 {
			t.Fatalf("section %s is missing or out of order", heading)
		}
		at += next
	}
	notice := `<p class="notice">Answers are imported; 480 of 480 ratings are simulated.</p>`
	if got := strings.Count(page, notice); got != 4 {
		t.Errorf("the notice stands %d times, want it at the head and beside evidence, money and raters", got)
	}
	for _, want := range []string{
		"Switch coding to claude and general to small", "61%  [54, 68]", "Fieller 1954", fixtureHash, "max_cost_ratio",
		"<b>401</b> of 420 comparisons rated, 380 of them by all 2 raters asked for", "work now on gpt-4o-mini stays where it is",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestLook writes both documents where they can be looked at.
func TestLook(t *testing.T) {
	folder := os.Getenv("MODELTRIAL_LOOK")
	if folder == "" {
		t.Skip("MODELTRIAL_LOOK names no folder")
	}
	if err := os.WriteFile(filepath.Join(folder, "report.html"), []byte(renderHTML(t, fixtureInput())), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Workbook(t.Context(), filepath.Join(folder, "report.xlsx"), fixtureInput()); err != nil {
		t.Fatal(err)
	}
}

// TestHTMLSaysWhatIsMissing renders what exists before a pilot.
func TestHTMLSaysWhatIsMissing(t *testing.T) {
	page := renderHTML(t, Input{})
	for _, want := range []string{"There is no routing table yet", "No protocol is locked", "No task log was audited", "Nothing has been rated yet"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "NaN") {
		t.Error("the page says NaN")
	}
}
