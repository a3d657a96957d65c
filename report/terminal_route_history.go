package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"modeltrial/eval"
)

// RoutingHistory writes the stored routing tables, one line each.
func RoutingHistory(w io.Writer, h eval.RoutingHistory, style Style) error {
	p := &page{style: style}
	columns := []Column{
		{Name: "table", Right: true, Fixed: true},
		{Name: "decided", Fixed: true},
		{Name: "protocol", Fixed: true},
		{Name: "prices", Fixed: true},
		{Name: "switched"},
		{Name: "saving USD/month", Right: true, Fixed: true},
		{Name: "changed", Right: true, Fixed: true},
	}
	var rows [][]Cell
	for i, t := range h.Tables {
		changed := unknown // the first table has none before it
		if i > 0 {
			changed = Count(t.Changed)
		}
		rows = append(rows, Cells(strconv.FormatInt(t.ID, 10), minuteOf(t.DecidedAt), shortHash(t.ProtocolSHA256), pricesDay(t), switchedText(t), savingRange(t.MonthlySaving), changed))
	}
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
	var notes []string
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
			notes = append(notes, strings.Join(r.Why, "; "))
			change += mark(len(notes))
		}
		rows = append(rows, []Cell{{Text: string(r.Category)}, {Text: routeSummary(r.From)}, {Text: routeSummary(r.To)}, {Text: change, Tone: tone}})
	}
	p.table([]Column{{Name: "category"}, {Name: "before"}, {Name: "now"}, {Name: "changed", Fixed: true}}, rows)
	for i, note := range notes {
		p.say(Plain, "  ", mark(i+1)+" "+note)
	}
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
