package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"modeltrial/eval"
)

// RoutingHistory writes the stored routing tables, one line each. What all of them have
// is said once.
func RoutingHistory(w io.Writer, h eval.RoutingHistory, style Style) error {
	p := &page{style: style}
	protocol := func(t eval.TableSummary) string { return shortHash(t.ProtocolSHA256) }
	one := func(of func(eval.TableSummary) string) bool {
		return !slices.ContainsFunc(h.Tables, func(t eval.TableSummary) bool { return of(t) != of(h.Tables[0]) })
	}
	oneProtocol, onePrices := one(protocol), one(pricesDay)
	head := fmt.Sprintf("%s stored", counted(len(h.Tables), "routing table", "routing tables"))
	columns := []Column{{Name: "table", Right: true, Fixed: true}, {Name: "decided", Fixed: true}}
	if oneProtocol && len(h.Tables) > 0 {
		head += ", protocol " + protocol(h.Tables[0])
	} else {
		columns = append(columns, Column{Name: "protocol", Fixed: true})
	}
	if onePrices && len(h.Tables) > 0 {
		head += ", prices " + pricesDay(h.Tables[0])
	} else {
		columns = append(columns, Column{Name: "prices", Fixed: true})
	}
	columns = append(columns, Column{Name: "switched"}, Column{Name: "saving USD/mo.", Right: true, Fixed: true}, Column{Name: "changed", Right: true, Fixed: true})
	var rows [][]Cell
	for i, t := range h.Tables {
		changed := unknown // the first table has none before it
		if i > 0 {
			changed = Count(t.Changed)
		}
		cells := []string{strconv.FormatInt(t.ID, 10), minuteOf(t.DecidedAt)}
		if !oneProtocol {
			cells = append(cells, protocol(t))
		}
		if !onePrices {
			cells = append(cells, pricesDay(t))
		}
		rows = append(rows, Cells(append(cells, switchedText(t), savingRange(t.MonthlySaving), changed)...))
	}
	p.say(Plain, "", head)
	p.gap()
	p.table(columns, rows)
	if n := len(h.Tables); n > 1 {
		p.next(fmt.Sprintf("route diff %d %d", h.Tables[n-2].ID, h.Tables[n-1].ID), "")
	}
	return p.flush(w)
}

// minuteOf is a time to the minute, in UTC.
func minuteOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func pricesDay(t eval.TableSummary) string {
	if t.PriceTableDate == "" {
		return "own"
	}
	return string(t.PriceTableDate)
}

func switchedText(t eval.TableSummary) string {
	var switched []string
	for _, r := range t.Routes {
		if switches(r.Decision) {
			switched = append(switched, string(r.Category))
		}
	}
	if len(switched) == 0 {
		return "none"
	}
	return strings.Join(switched, ", ")
}

// savingRange is "2.63 [2.24, 3.02]".
func savingRange(i *eval.Interval) string {
	if i == nil {
		return unknown
	}
	return fmt.Sprintf("%s [%s, %s]", amount(i.Estimate), amount(i.Low), amount(i.High))
}

// RoutingDiff writes what a later routing table changes, and why.
func RoutingDiff(w io.Writer, d eval.RoutingDiff, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", fmt.Sprintf("Routing table %d of %s against %d of %s", d.To.ID, minuteOf(d.To.DecidedAt), d.From.ID, minuteOf(d.From.DecidedAt)))
	if d.ProtocolChanged {
		p.say(Plain, "  ", fmt.Sprintf("protocol %s, before %s", shortHash(d.To.ProtocolSHA256), shortHash(d.From.ProtocolSHA256)))
	}
	if d.PricesChanged {
		p.say(Plain, "  ", fmt.Sprintf("prices %s, before %s", pricesDay(d.To), pricesDay(d.From)))
	}
	p.gap()
	var rows [][]Cell
	var notes footnotes
	for _, r := range d.Routes {
		change := string(r.Change)
		tone := Plain
		switch r.Change {
		case eval.RouteUnchanged:
			tone = Dim
		case eval.RouteArm, eval.RouteDecided, eval.RouteAdded, eval.RouteRemoved:
			tone = Warning
		case eval.RouteNewEvidence:
		}
		if len(r.Why) > 0 {
			change += notes.of(strings.Join(r.Why, "; "))
		}
		rows = append(rows, []Cell{{Text: string(r.Category)}, {Text: routeSummary(r.From)}, {Text: routeSummary(r.To)}, {Text: change, Tone: tone}})
	}
	p.table([]Column{{Name: "category"}, {Name: "before"}, {Name: "now"}, {Name: "changed", Fixed: true}}, rows)
	p.footnotes(notes)
	p.gap()
	p.say(Plain, "  ", fmt.Sprintf("Saving a month: %s USD, before %s USD", savingRange(d.To.MonthlySaving), savingRange(d.From.MonthlySaving)))
	return p.flush(w)
}

func routeSummary(r *eval.RouteSummary) string {
	if r == nil {
		return unknown
	}
	return r.Arm + " (" + string(r.Decision) + ")"
}
