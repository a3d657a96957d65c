package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// longGap is the number of days without a task from which on the log is taken to
	// fall apart: a stray date, or months of which the log is missing.
	longGap = 28
	// nearlyAll is the share of tasks with a known cost from which on a month's cost
	// may be compared.
	nearlyAll = 0.99
)

// dayNumber counts days from 1970 (UTC).
func dayNumber(when time.Time) int { return int(when.Truncate(24*time.Hour).Unix() / 86400) }

func dayTime(day int) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

func dayText(day int) string { return dayTime(day).Format(time.DateOnly) }

// monthName is the name of 12·year + month, such as 2026-09; empty for 0.
func monthName(month int) string {
	if month == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", (month-1)/12, (month-1)%12+1)
}

// monthBounds are the first and the last day of a month.
func monthBounds(month int) (first, last int) {
	begin := time.Date((month-1)/12, time.Month((month-1)%12+1), 1, 0, 0, 0, 0, time.UTC)
	return dayNumber(begin), dayNumber(begin.AddDate(0, 1, 0)) - 1
}

// A stretch is a run of days without a long gap.
type stretch struct{ first, last, tasks int }

// stretches are the parts into which long gaps divide the log, oldest first.
func (m *Mixer) stretches() []stretch {
	tasks := map[int]int{}
	for key, t := range m.days {
		tasks[key.day] += t.tasks
	}
	var all []stretch
	for _, day := range slices.Sorted(maps.Keys(tasks)) {
		if n := len(all); n > 0 && day-all[n-1].last <= longGap {
			all[n-1].last = day
			all[n-1].tasks += tasks[day]
			continue
		}
		all = append(all, stretch{day, day, tasks[day]})
	}
	return all
}

// main is the stretch with the most tasks, the later of two: what the monthly figures
// rest on. ok is false without dates.
func (m *Mixer) main() (longest stretch, ok bool) {
	for _, s := range m.stretches() {
		if s.tasks >= longest.tasks {
			longest, ok = s, true
		}
	}
	return longest, ok
}

// strays warns of what lies outside the main stretch.
func (m *Mixer) strays() []string {
	var warnings []string
	main, _ := m.main()
	for _, s := range m.stretches() {
		if s == main {
			continue
		}
		days, side := "on "+dayText(s.first), "before"
		if s.first != s.last {
			days = "from " + dayText(s.first) + " to " + dayText(s.last)
		}
		if s.first > main.first {
			side = "after"
		}
		what, them := fmt.Sprintf("%d tasks are dated", s.tasks), "them"
		if s.tasks == 1 {
			what, them = "1 task is dated", "it"
		}
		warnings = append(warnings, fmt.Sprintf("%s %s, %s more than %d days without any: monthly figures leave %s out and rest on %s to %s; check the dates, or import what is missing",
			what, days, side, longGap, them, dayText(main.first), dayText(main.last)))
	}
	return warnings
}

// months lists the calendar months in their order, with growth.
func (m *Mixer) months() []MonthMix {
	list := []MonthMix{}
	main, _ := m.main()
	parts := m.parts(dated, monthOf)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		month := MonthMix{GroupMix: GroupMix{Name: name, Amounts: parts[name].amounts()}, WhyMissing: map[string]string{}}
		month.cover(main)
		if n := len(list); n > 0 {
			month.grow(&list[n-1])
		} else {
			month.lack("it is the first month of the log")
		}
		list = append(list, month)
	}
	return list
}

func (m *MonthMix) number() int {
	begin, err := time.Parse("2006-01", m.Name)
	if err != nil {
		return 0
	}
	return 12*begin.Year() + int(begin.Month())
}

// cover says how much of the month lies within the main stretch. A weekend that is
// missing at its ends leaves a month whole.
func (m *MonthMix) cover(main stretch) {
	first, last := monthBounds(m.number())
	m.Days = last - first + 1
	from, to := max(first, main.first), min(last, main.last)
	m.DaysLogged = max(0, to-from+1)
	m.Whole = m.DaysLogged > 0
	for day := first; day <= last; day++ {
		if weekday := dayTime(day).Weekday(); (day < from || day > to) && weekday != time.Saturday && weekday != time.Sunday {
			m.Whole = false
		}
	}
}

func (m *MonthMix) lack(why string) {
	m.WhyMissing["tasks_growth"], m.WhyMissing["cost_growth"] = why, why
}

// grow compares with the month before.
func (m *MonthMix) grow(before *MonthMix) {
	switch {
	case m.number() != before.number()+1:
		m.lack("the log has no task in the month before")
		return
	case !before.Whole:
		m.lack(fmt.Sprintf("the log covers %d of %d days of %s", before.DaysLogged, before.Days, before.Name))
		return
	case !m.Whole:
		m.lack(fmt.Sprintf("the log covers %d of %d days of %s", m.DaysLogged, m.Days, m.Name))
		return
	}
	growth := float64(m.Tasks)/float64(before.Tasks) - 1
	m.TasksGrowth = &growth
	known := func(month *MonthMix) bool { return float64(month.WithCost) >= nearlyAll*float64(month.Tasks) }
	if !known(m) || !known(before) || *before.CostUSD == 0 {
		m.WhyMissing["cost_growth"] = "not every task of both months has a cost"
		return
	}
	cost := *m.CostUSD / *before.CostUSD - 1
	m.CostGrowth = &cost
	m.WhyMissing = nil
}
