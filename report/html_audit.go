package report

import (
	"cmp"
	"io"
	"slices"
	"time"

	"modeltrial/audit"
)

// An auditDocument is what the audit's page shows.
type auditDocument struct {
	audit.Report
	Nav                                                                                            []Link
	Title, Head, Finding, BillSentence, Basis, ClusterSentence, PeerNote, SampleSentence, Unranked string
	Corrected                                                                                      bool
	Notes                                                                                          []string
	Workload                                                                                       workloadFigure
	Trend                                                                                          []drawing
	Mix                                                                                            []audit.MixCell // the largest
	MixLeftOut                                                                                     int
	GeneratedAt                                                                                    time.Time
}

// mostMixRows is how many rows of the finest division a page holds; the JSON and the
// workbook have them all.
const mostMixRows = 200

// AuditPage writes the audit as one self-contained page: no script, no font, image or
// style from elsewhere. It is made in memory first, so that w gets the whole page or
// nothing. The links of nav lead to other pages of modeltrial serve; a file has none.
func AuditPage(w io.Writer, r audit.Report, generatedAt time.Time, nav ...Link) error {
	d := auditDocument{
		Report: r, Nav: nav, Title: "What our AI models do, and what it costs", Head: auditHead(r), Finding: auditFinding(r), Unranked: noCandidates(r), BillSentence: billSentence(r.Bill),
		Basis: basisText(r.Monthly), PeerNote: peerNote(r), SampleSentence: sampleSentence(r.Categoriser), Corrected: corrected(r), Notes: candidateNotes(r), Workload: workload(r), GeneratedAt: generatedAt,
	}
	if r.Clusters != nil {
		d.ClusterSentence = clustersSentence(*r.Clusters, r.Tasks, Style{})
	}
	if len(r.Months) > 1 {
		d.Trend = []drawing{trend(r, false), trend(r, true)}
	}
	d.Mix = slices.Clone(r.Mix)
	slices.SortStableFunc(d.Mix, func(a, b audit.MixCell) int {
		return cmp.Or(cmp.Compare(known(b.CostUSD), known(a.CostUSD)), cmp.Compare(b.Tasks, a.Tasks))
	})
	if len(d.Mix) > mostMixRows {
		d.MixLeftOut = len(d.Mix) - mostMixRows
		d.Mix = d.Mix[:mostMixRows]
	}
	return writePage(w, "audit.html", d)
}

// mostTrend is how many months the figure has room for.
const mostTrend = 24

// trend is the spend by month, or the tasks where no cost is known, as bars from 0;
// months that the log does not cover are hollow.
func trend(r audit.Report, narrow bool) drawing {
	months := slices.DeleteFunc(slices.Clone(r.Months), func(m audit.MonthMix) bool { return m.DaysLogged == 0 }) // stray dates
	months = months[max(0, len(months)-mostTrend):]
	value, text := func(m audit.MonthMix) float64 { return float64(m.Tasks) }, func(m audit.MonthMix) string { return Count(m.Tasks) }
	what := "Tasks by month."
	if r.CostUSD != nil {
		value, text = func(m audit.MonthMix) float64 { return known(m.CostUSD) }, func(m audit.MonthMix) string { return costCell(m.CostUSD, m.WithCost, m.Tasks) }
		what = "Spend by month in US dollars."
	}
	d := drawing{Width: 720, Class: "wide", Label: what}
	left, room := 84.0, 480.0
	if narrow {
		d.Width, d.Class = 340, "narrow"
		left, room = 68, 150
	}
	most := 0.0
	for _, m := range months {
		most = max(most, value(m))
	}
	if most == 0 {
		return drawing{}
	}
	y := 2.0
	for _, m := range months {
		d.text(0, y+15, "start", "label", m.Name)
		class := "s1"
		if !m.Whole {
			class = "part"
		}
		width := value(m) / most * room
		d.rect(left, y, width, 20, class, m.Name+": "+text(m))
		label := text(m)
		if m.CostGrowth != nil && r.CostUSD != nil {
			label += " · " + growthText(m.CostGrowth)
		} else if m.TasksGrowth != nil && r.CostUSD == nil {
			label += " · " + growthText(m.TasksGrowth)
		}
		if !m.Whole {
			label += " · " + daysText(m)
		}
		d.text(left+width+6, y+15, "start", "soft", label)
		y += 28
	}
	d.line(left, 0, left, y-6, "axis")
	d.Height = y
	return d
}
