package scale

import (
	"math"

	"modeltrial/eval"
)

// databases reckons what is stored.
func (p *plan) databases() {
	p.Databases = []eval.ScaleDatabase{p.database(eval.SQLite, SQLite), p.database(eval.PostgreSQL, PostgreSQL)}
}

func (p *plan) database(name string, measured Database) eval.ScaleDatabase {
	d := eval.ScaleDatabase{Name: name, Tables: []eval.ScaleTable{}}
	var all, index float64
	for _, row := range measured.Rows {
		rows := p.rows[row.Table]
		if rows == 0 {
			continue
		}
		bytes := rows*(row.Fixed+row.Index) + p.texts[row.Table]*row.Text
		all, index = all+bytes, index+rows*row.Index
		d.Tables = append(d.Tables, eval.ScaleTable{Name: row.Table, Rows: int(rows), PerRow: bytes / rows, Bytes: int64(bytes)})
	}
	d.Bytes, d.Index = int64(all), int64(index)
	d.BusyHours = measured.busy(p.ScalePlan)
	d.RatersAtOnce = int(comfortable * measured.Ratings * p.SecondsPerRating)
	return d
}

// busy is how many hours the writes of a plan take, one after the other.
func (d Database) busy(plan eval.ScalePlan) float64 {
	return (float64(plan.Calls)/d.Calls + float64(plan.JudgeCalls)/d.JudgeCalls + float64(plan.Ratings)/d.Ratings) / 3600
}

// workers reckons how long the calls take with several workers, each on cores of its
// own: what is slowest decides. On a file one works and the others stand by.
func (p *plan) workers() {
	for _, n := range []int{1, 2, 4, 8} {
		w := eval.ScaleWorkers{Workers: n}
		w.SQLite, w.SQLiteLimit = p.withWorkers(1, SQLite)
		w.PostgreSQL, w.PostgreSQLLimit = p.withWorkers(n, PostgreSQL)
		p.Workers = append(p.Workers, w)
	}
}

func (p *plan) withWorkers(n int, measured Database) (hours float64, limit string) {
	hours, limit = p.workerHours()/float64(n), eval.ScaleByWorker
	calls := p.ScalePlan
	calls.Ratings = 0 // people rate for as long as they like
	if busy := measured.busy(calls); busy > hours {
		hours, limit = busy, eval.ScaleByDatabase
	}
	if p.Hours != nil && *p.Hours >= hours {
		hours, limit = *p.Hours, eval.ScaleByLimit
	}
	return hours, limit
}

// workerHours is how long one worker takes that waits for nobody.
func (p *plan) workerHours() float64 {
	return float64(p.Calls+p.JudgeCalls) / WorkerCalls / 3600
}

// workersNeeded is how many workers keep up with the limits of the configuration.
func (p *plan) workersNeeded() int {
	if p.Hours == nil || *p.Hours == 0 {
		return 1
	}
	return max(int(math.Ceil(p.workerHours() / *p.Hours)), 1)
}
