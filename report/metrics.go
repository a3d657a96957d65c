package report

import (
	"fmt"
	"io"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// PilotMetrics writes how far a pilot is in Prometheus' text format, as gauges: all of
// them are read from the database, and a deviation may lower each. Raters are counted by
// kind: their names are nobody's business here.
func PilotMetrics(w io.Writer, p Pilot) error {
	m := gauges{registry: prometheus.NewRegistry()}
	m.gauge("modeltrial_pilot_info", "The locked protocol; always 1.", 1, "protocol", p.Protocol.Protocol.Name, "version", strconv.Itoa(p.Protocol.Version), "sha256", p.Protocol.SHA256)
	for _, row := range p.Weeks {
		place := []string{"week", strconv.Itoa(row.Week), "category", row.Category, "arm", row.Arm}
		m.gauge("modeltrial_tasks", "Tasks of a week that an arm answers.", float64(row.Tasks), place...)
		m.gauge("modeltrial_tasks_answered", "Those that have an answer.", float64(row.Answered), place...)
		m.gauge("modeltrial_tasks_failed", "Those whose last call failed; they are open.", float64(row.Failed), place...)
		m.gauge("modeltrial_cost_usd", "What their answers cost, in dollars.", row.CostUSD, place...)
	}
	m.gauge("modeltrial_spent_usd", "Spent by calls of the pilot, in dollars.", p.SpentUSD)
	m.gauge("modeltrial_set_aside_usd", "Set aside for calls under way, or that may have been billed without an answer, in dollars.", p.SetAsideUSD)
	m.gauge("modeltrial_budget_usd", "The protocol's cap, in dollars.", p.BudgetUSD)
	m.gauge("modeltrial_comparisons", "Comparisons of two answers.", float64(p.Progress.Comparisons))
	m.gauge("modeltrial_comparisons_rated", "Those rated by as many people as the protocol asks.", float64(p.Progress.Rated))
	m.gauge("modeltrial_judgements_open", "Comparisons that judge models have yet to rate.", float64(p.OpenJudgement))
	states := map[string]int{"working": 0, "draining": 0, "lost": 0}
	var perMinute float64
	for _, worker := range p.Workers {
		states[worker.State(p.GeneratedAt)]++
		if !worker.Lost(p.GeneratedAt) {
			perMinute += worker.PerMinute
		}
	}
	for state, n := range states {
		m.gauge("modeltrial_workers", "Processes that make calls of the pilot; lost ones died within a day.", float64(n), "state", state)
	}
	m.gauge("modeltrial_worker_calls_per_minute", "Answers and judgements that workers store now.", perMinute)
	m.gauge("modeltrial_calls_given_up", "Calls that workers have given up, until pilot retry.", float64(p.GivenUp))
	type group struct {
		kind      string
		simulated bool
	}
	raters, ratings := map[group]int{}, map[group]int{}
	for _, rater := range p.Raters {
		raters[group{rater.Kind, rater.Simulated}]++
		ratings[group{rater.Kind, rater.Simulated}] += rater.Ratings
	}
	for of, n := range raters {
		place := []string{"kind", of.kind, "simulated", strconv.FormatBool(of.simulated)}
		m.gauge("modeltrial_raters", "Raters of a kind.", float64(n), place...)
		m.gauge("modeltrial_ratings", "Their ratings.", float64(ratings[of]), place...)
	}
	m.gauge("modeltrial_deviations", "Deviations from the protocol.", float64(len(p.Deviations)))
	return m.write(w)
}

// gauges are those of one moment.
type gauges struct {
	registry *prometheus.Registry
	vectors  map[string]*prometheus.GaugeVec
}

// gauge adds a value under pairs of label and value.
func (m *gauges) gauge(name, help string, value float64, labels ...string) {
	values := prometheus.Labels{}
	var names []string
	for i := 0; i < len(labels); i += 2 {
		names = append(names, labels[i])
		values[labels[i]] = labels[i+1]
	}
	vector, ok := m.vectors[name]
	if !ok {
		vector = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, names)
		m.registry.MustRegister(vector)
		if m.vectors == nil {
			m.vectors = map[string]*prometheus.GaugeVec{}
		}
		m.vectors[name] = vector
	}
	vector.With(values).Set(value)
}

func (m *gauges) write(w io.Writer) error {
	families, err := m.registry.Gather()
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(w, family); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}
