package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"modeltrial/eval"
)

// Recommendation writes a routing table with its number, and whether it is a new one.
func Recommendation(w io.Writer, r eval.Recommendation, style Style) error {
	p := &page{style: style}
	if r.Stored {
		p.say(Plain, "", fmt.Sprintf("Stored as routing table %d.", r.Table))
	} else {
		p.say(Plain, "", fmt.Sprintf("Nothing has changed since routing table %d of %s: it is the newest, and no other was stored.", r.Table, minuteOf(r.DecidedAt)))
	}
	p.gap()
	p.routingTable(r.RoutingTable)
	return p.flush(w)
}

// RoutingTable writes which arm answers each category, on what evidence, and
// what it saves a month.
func RoutingTable(w io.Writer, t eval.RoutingTable, style Style) error {
	p := &page{style: style}
	p.routingTable(t)
	return p.flush(w)
}

func (p *page) routingTable(t eval.RoutingTable) {
	p.say(Plain, "", routingHead(t))
	if notice := provenance(t.Provenance); notice != "" {
		p.say(Warning, "", notice)
	}
	p.gap()
	p.say(Plain, "  ", routingSentence(t))
	if errors := errorsSentence(t); errors != "" {
		p.say(Plain, "  ", errors)
	}
	p.gap()
	columns := []Column{
		{Name: "category"},
		{Name: "route to"},
		{Name: "win rate", Fixed: true},
		{Name: "USD now", Right: true, Fixed: true},
		{Name: "then", Right: true, Fixed: true},
		{Name: "time", Right: true, Fixed: true},
		{Name: "decision", Fixed: true},
	}
	var rows [][]Cell
	var notes footnotes
	for _, r := range t.Routes {
		decision := string(r.Decision)
		if note := routeNote(r); note != "" {
			decision += notes.of(note)
		}
		time := unknown
		if r.LatencyRatio != nil {
			time = Times(r.LatencyRatio.Estimate)
		}
		rows = append(rows, []Cell{
			{Text: string(r.Category)},
			{Text: r.Arm},
			{Text: winRateShort(r)},
			{Text: optionalAmount(r.MonthlyCostNow)},
			{Text: optionalAmount(r.MonthlyCostThen)},
			{Text: time},
			{Text: decision, Tone: decisionTone(r.Decision)},
		})
	}
	rows = append(rows, Cells("all", "", "", optionalAmount(t.Total.MonthlyCostNow), optionalAmount(t.Total.MonthlyCostThen)))
	p.table(columns, rows)
	p.footnotes(notes)
	if len(t.Warnings) > 0 {
		p.gap()
		p.warnings(t.Warnings)
	}
	p.next("report excel routing.xlsx", "or: "+p.style.command("route export --format litellm"))
}

func routingHead(t eval.RoutingTable) string {
	head := "Routing table"
	if t.Pilot != "" {
		head += fmt.Sprintf(" of pilot %q", line(t.Pilot))
	}
	if t.ProtocolSHA256 != "" {
		head += ", protocol " + shortHash(t.ProtocolSHA256)
	}
	if t.ThroughWeek > 0 {
		head += fmt.Sprintf(", through week %d", t.ThroughWeek)
	}
	if prices := pricesOf(t); prices != "" {
		head += ", " + prices
	}
	return head
}

// pricesOf says at which prices a routing table was made; empty before there is
// one.
func pricesOf(t eval.RoutingTable) string {
	switch {
	case t.PriceTableDate != "":
		return "prices of " + line(string(t.PriceTableDate))
	case len(t.Routes) > 0:
		return "own prices"
	}
	return ""
}

// routingSentence is the answer in one sentence.
func routingSentence(t eval.RoutingTable) string {
	var switched []string
	for _, r := range t.Routes {
		if switches(r.Decision) {
			switched = append(switched, string(r.Category)+" to "+r.Arm)
		}
	}
	if len(switched) == 0 {
		if t.Total.MonthlyCostNow == nil {
			return "No category changes its model. " + costNotKnown(t.Total)
		}
		return fmt.Sprintf("No category changes its model: the audited work costs %s a month.", Money(*t.Total.MonthlyCostNow))
	}
	text := fmt.Sprintf("Switch %s (%d of %s).", and(switched), len(switched), counted(len(t.Routes), "category", "categories"))
	return text + " " + savingSentence(t.Total)
}

func savingSentence(total eval.RouteTotal) string {
	if total.MonthlySaving == nil {
		why := total.WhyMissing["monthly_saving_usd"]
		if why == "" {
			why = "its uncertainty could not be computed"
		}
		return "The saving is not known: " + why + "."
	}
	verb, money := "saves", total.MonthlySaving.Estimate
	if money < 0 {
		text := fmt.Sprintf("This costs %s a month more than now", Money(-money))
		if total.MonthlyCostNow != nil {
			text = fmt.Sprintf("This costs %s a month more than the %s of now", Money(-money), Money(*total.MonthlyCostNow))
		}
		return text + fmt.Sprintf(" (saving %s).", moneyRange(total.MonthlySaving))
	}
	text := fmt.Sprintf("This %s %s a month (%s)", verb, Money(money), moneyRange(total.MonthlySaving))
	if total.MonthlyCostNow == nil {
		return text + ". " + costNotKnown(total)
	}
	return text + fmt.Sprintf(" of the %s it costs now.", Money(*total.MonthlyCostNow))
}

// costNotKnown says why nobody knows what the audited work costs.
func costNotKnown(total eval.RouteTotal) string {
	return "What the audited work costs a month is not known: " + cmp.Or(total.WhyMissing["monthly_cost_now_usd"], "the table does not say it") + "."
}

func switches(decision eval.DecisionKind) bool {
	return decision == eval.Switch || decision == eval.SwitchForCost
}

// and lists words as a sentence does.
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func winRateShort(r eval.Route) string {
	if r.WinRate == nil {
		return unknown
	}
	return fmt.Sprintf("%s [%s, %s]", Rate(r.WinRate.Estimate, r.Tasks), rateDigits(r.WinRate.Low, r.Tasks), rateDigits(r.WinRate.High, r.Tasks))
}

func routeNote(r eval.Route) string {
	note := r.Reason
	if switches(r.Decision) {
		if r.MonthlySaving == nil {
			return joined(note, "saving not known: "+r.WhyMissing["monthly_saving_usd"])
		}
		note = joined(note, fmt.Sprintf("saves %s a month (%s)", Money(r.MonthlySaving.Estimate), moneyRange(r.MonthlySaving)))
		if r.ReplacesModel != "" {
			note += " on work now on " + r.ReplacesModel
		}
	}
	return joined(joined(note, staysNote(r)), evidenceNote(r))
}

// evidenceNote says what a route rests on; empty of a table that was stored before it
// was kept, and of work that was not part of a pilot.
func evidenceNote(r eval.Route) string {
	if r.Evidence.RatedUntil == nil {
		return ""
	}
	note := fmt.Sprintf("rests on %s rated by %s", counted(r.Tasks, "task", "tasks"), ratersOf(r.Source, r.Raters))
	if alpha := r.Evidence.Alpha; alpha != nil {
		note += fmt.Sprintf(" who agree at alpha %s", minus(fmt.Sprintf("%.2f", alpha.Estimate)))
	}
	for _, judge := range r.Evidence.Judges {
		if judge.WithPeople != nil {
			note += fmt.Sprintf(", %s agrees with people on %s where they agree on %s", judge.Judge, Rate(*judge.WithPeople, 0), Rate(*judge.PeopleAmong, 0))
		}
	}
	if b := r.Evidence.Blinding; b != nil && b.Bang != nil {
		note += fmt.Sprintf(", blinding %s (Bang's index %s)", b.Finding, minus(fmt.Sprintf("%.2f", b.Bang.Estimate)))
	}
	if r.ValidUntil != nil {
		note += ", valid until " + day(*r.ValidUntil)
	}
	return note
}

// staysNote says what work of a category a switch leaves where it is.
func staysNote(r eval.Route) string {
	if len(r.StaysOn) == 0 {
		return ""
	}
	return "work now on " + and(r.StaysOn) + " stays where it is"
}
