package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/datasets"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/decide"
	"modeltrial/eval/exchange"
	"modeltrial/report"
	"modeltrial/store"
)

//go:embed demo.yaml
var demoConfig []byte

// demoMark is a file that says that a directory was made by the demonstration, so
// that --replace never removes anything else.
const demoMark = ".modeltrial-demo"

// demoRaters are the names of the simulated raters.
var demoRaters = []string{"sim-amara", "sim-bjorn", "sim-chiyo", "sim-diego", "sim-elif", "sim-farah"}

func newDemoCmd(g *global) *cobra.Command {
	var dir string
	var replace bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "the whole job on embedded data, without a key and without network",
		Long: `demo runs the whole chain on the embedded sample: the log of an invented company,
recorded answers of fictional models, and simulated raters. It leaves a workspace, a
workbook and a report to open. Its figures show how modeltrial works; they say
nothing about any real model.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("dir") {
				g.dir = dir
			} else {
				g.dir = "modeltrial-demo"
			}
			return runDemo(cmd.Context(), g, replace, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "modeltrial-demo", "directory to make the workspace in")
	cmd.Flags().BoolVar(&replace, "replace", false, "replace an earlier demonstration there")
	return cmd
}

// A demonstration is one run of the demo.
type demonstration struct {
	g      *global
	store  *store.Store
	config eval.Config
	out    io.Writer
	errOut io.Writer
	step   int
	random *rand.Rand     // of the order in which answers are shown
	drawn  map[string]int // ratings of each task so far
}

func runDemo(ctx context.Context, g *global, replace bool, out, errOut io.Writer) error {
	began := time.Now()
	if err := prepareDemo(g.dir, replace); err != nil {
		return err
	}
	config, err := eval.ParseConfig(configName, demoConfig)
	if err != nil {
		return err
	}
	s, err := openDemo(ctx, g)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // every write was committed
	d := &demonstration{g: g, store: s, config: config, out: out, errOut: errOut, random: rand.New(rand.NewPCG(config.Pilot.Seed, 1)), drawn: map[string]int{}}
	fmt.Fprintf(out, "modeltrial demo: an invented company, recorded sample answers of fictional models, SIMULATED raters.\n")
	for _, step := range []func(context.Context) error{d.audit, d.plan, d.pilot, d.decide} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.documents(ctx, time.Since(began))
}

// openDemo opens a database that holds nothing yet: the file in the demonstration's own
// directory unless --db names another, and never that of the environment.
func openDemo(ctx context.Context, g *global) (*store.Store, error) {
	target := filepath.Join(g.dir, databaseName)
	if g.db != "" {
		target = g.db
		if err := withoutPassword("--db", target); err != nil {
			return nil, err
		}
	}
	s, err := store.Open(ctx, target)
	if err != nil {
		return nil, err
	}
	tasks, err := s.CountTasks(ctx)
	if err == nil && tasks > 0 {
		err = fmt.Errorf("%s: there are %s tasks in it; give the demonstration an empty database", s.Name(), report.Count(tasks))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepareDemo makes the directory with the sample files and the configuration.
func prepareDemo(dir string, replace bool) error {
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(entries) == 0:
	case !exists(filepath.Join(dir, demoMark)):
		return fmt.Errorf("%s is not empty and not a demonstration; choose another directory with --dir", dir)
	case !replace:
		return fmt.Errorf("%s holds an earlier demonstration; add --replace, or choose another directory with --dir", dir)
	default:
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "sample"), 0o755); err != nil {
		return err
	}
	files := map[string][]byte{demoMark: []byte("made by modeltrial demo; --replace removes this directory\n"), configName: demoConfig}
	for _, name := range []string{"tasks.csv", "responses.csv"} {
		text, err := fs.ReadFile(datasets.Sample(), name)
		if err != nil {
			return err
		}
		files[filepath.Join("sample", name)] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (d *demonstration) say(format string, args ...any) {
	fmt.Fprintf(d.out, format+"\n", args...)
}

func (d *demonstration) title(format string, args ...any) {
	d.step++
	d.say("\n%d. %s", d.step, fmt.Sprintf(format, args...))
}

func (d *demonstration) audit(ctx context.Context) error {
	d.title("Audit: what kinds of work go to which model")
	priceTable, err := prices(ctx, d.store, d.config)
	if err != nil {
		return err
	}
	path := filepath.Join(d.g.dir, "sample", "tasks.csv")
	read, err := importLog(ctx, d.store, path, ingest.Options{KnownCategories: audit.Categories, Prices: priceTable}, d.errOut)
	if err != nil {
		return err
	}
	_, counts, err := sortTasks(ctx, d.store, d.config, false, d.errOut)
	if err != nil {
		return err
	}
	right, labelled, err := d.checkCategories(ctx)
	if err != nil {
		return err
	}
	d.say("   %s tasks imported, categorised without network: %s of %s as their authors labelled them, %s unsure\n",
		report.Count(read.Imported), report.Count(right), report.Count(labelled), report.Count(counts.unsure))
	document, err := auditReport(ctx, d.g, d.store)
	if err != nil {
		return err
	}
	return report.AuditReport(d.out, document, d.style())
}

// checkCategories compares the local categories with the sample's labels.
func (d *demonstration) checkCategories(ctx context.Context) (right, labelled int, err error) {
	rows, err := sampleRows("labels.csv")
	if err != nil {
		return 0, 0, err
	}
	labels := map[string]audit.Category{}
	for _, row := range rows {
		labels[row[0]] = audit.Category(row[1])
	}
	err = d.store.EachTaskSummary(ctx, func(task audit.Task) error {
		if label, ok := labels[task.ID]; ok {
			labelled++
			if label == task.Category {
				right++
			}
		}
		return nil
	})
	return right, labelled, err
}

// sampleRows reads an embedded table without its header.
func sampleRows(name string) ([][]string, error) {
	file, err := datasets.Sample().Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // embedded
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("sample %s: %w", name, err)
	}
	return rows[1:], nil
}

func (d *demonstration) plan(ctx context.Context) error {
	d.title("Plan: fix beforehand what is compared, and by which rule")
	path := filepath.Join(d.g.dir, "sample", "responses.csv")
	err := d.store.ImportRecorded(ctx, func(take func(eval.Response) (bool, error)) error {
		_, err := exchange.ReadResponses(ctx, path, exchange.ResponsesOptions{}, func(response eval.Response) (ingest.Outcome, error) {
			return outcome(take(response))
		})
		return err
	})
	if err != nil {
		return err
	}
	protocol, err := lock(ctx, d.store, d.config, "", time.Now())
	if err != nil {
		return err
	}
	d.say("   protocol locked, SHA-256 %s…", protocol.SHA256[:16])
	for _, useCase := range protocol.Protocol.UseCases {
		tasks, err := d.store.BatchTaskIDs(ctx, 0, useCase.Category)
		if err != nil {
			return err
		}
		d.say("   %-9s %s against %s, %d tasks in %d weeks", useCase.Category, useCase.Candidates[0], protocol.Protocol.Control, len(tasks), protocol.Protocol.Weeks)
	}
	return nil
}

// pilot runs the four weeks: answers, blind ratings, and a look at the end of each.
func (d *demonstration) pilot(ctx context.Context) error {
	d.title("Pilot: four weeks of answers and blind ratings, with a look every week")
	raters := make([]eval.Rater, len(demoRaters))
	for i, name := range demoRaters {
		rater, err := d.store.AddRater(ctx, eval.Rater{Name: name, Kind: eval.Human, Simulated: true}, time.Now())
		if err != nil {
			return err
		}
		raters[i] = rater
	}
	tastes, err := readTastes()
	if err != nil {
		return err
	}
	for week := 1; week <= d.config.Pilot.Weeks; week++ {
		summary, err := answerWeek(ctx, d.g, d.store, d.config, &runOptions{week: week}, d.errOut)
		if err != nil {
			return err
		}
		ratings, err := d.rateWeek(ctx, raters, tastes)
		if err != nil {
			return err
		}
		d.say("   week %d: %d recorded answers, %d simulated ratings", week, summary.Answered, ratings)
		data, err := d.store.Dataset(ctx, 0)
		if err != nil {
			return err
		}
		analysis, err := decide.Analyze(data, decide.Options{})
		if err != nil {
			return err
		}
		for _, result := range analysis.Comparisons {
			d.say("     %-9s %-28s %s", result.Category, report.WinRate(result.WinRate, result.WinRateAlwaysValid, result.Tasks), result.Decision)
		}
	}
	return nil
}

// A taste is how simulated raters judge a candidate.
type taste struct{ win, tie, bothBad float64 }

// readTastes reads the true preference rates of the simulation.
func readTastes() (map[audit.Category]taste, error) {
	rows, err := sampleRows("preferences.csv")
	if err != nil {
		return nil, err
	}
	tastes := map[audit.Category]taste{}
	for _, row := range rows {
		var numbers [3]float64
		for i := range numbers {
			if numbers[i], err = strconv.ParseFloat(row[2+i], 64); err != nil {
				return nil, fmt.Errorf("sample preferences.csv: %w", err)
			}
		}
		tastes[audit.Category(row[0])] = taste{numbers[0], numbers[1], numbers[2]}
	}
	return tastes, nil
}

// rateWeek lets the simulated raters rate what is open, through the same queue
// that people use. All comparisons stay open to a person all the same.
func (d *demonstration) rateWeek(ctx context.Context, raters []eval.Rater, tastes map[audit.Category]taste) (int, error) {
	categories := map[string]audit.Category{}
	for category := range tastes {
		ids, err := d.store.BatchTaskIDs(ctx, 0, category)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			categories[id] = category
		}
	}
	draw := func(controlFirst, candidateFirst int) eval.Side {
		return blind.Draw(d.random, controlFirst, candidateFirst)
	}
	rated := 0
	for open := true; open; {
		open = false
		for _, rater := range raters {
			shown, err := d.store.NextPresentation(ctx, rater, draw, time.Now())
			if errors.Is(err, eval.ErrNotFound) {
				continue
			}
			if err != nil {
				return rated, err
			}
			verdict, seconds := d.verdict(shown, tastes[categories[shown.TaskID]])
			if err := d.store.AddVerdict(ctx, rater, shown.ID, verdict, &seconds, "", time.Now()); err != nil {
				return rated, err
			}
			open = true
			rated++
		}
	}
	return rated, nil
}

// style is for documents within the demonstration, which goes on by itself.
func (d *demonstration) style() report.Style {
	style := d.g.style(d.out)
	style.Part = true
	return style
}

// consensus is the chance that a simulated rater sees what is to be seen in a
// task's answers, rather than following a taste of their own: people who compare
// answers agree more than chance and far from always.
const consensus = 0.6

// verdict draws what a simulated rater says of a task and how many seconds that
// took. The draws go by task and turn: whoever rates it, the demonstration's
// verdicts are the same every time.
func (d *demonstration) verdict(shown eval.Presentation, t taste) (eval.ShownVerdict, float64) {
	d.drawn[shown.TaskID]++
	own := d.generator(shown.TaskID, d.drawn[shown.TaskID])
	seconds := 20 + 40*own.Float64()
	if own.Float64() < consensus {
		return t.verdict(d.generator(shown.TaskID, 0), shown.First), seconds
	}
	return t.verdict(own, shown.First), seconds
}

// generator gives the random numbers of a task's rating; number 0 is what its
// raters agree on.
func (d *demonstration) generator(taskID string, rating int) *rand.Rand {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s rating %d", taskID, rating)
	return rand.New(rand.NewPCG(d.config.Pilot.Seed, hash.Sum64()))
}

// verdict draws by the rates of t. The preference rate is the win rate: a tie
// counts one half.
func (t taste) verdict(random *rand.Rand, first eval.Side) eval.ShownVerdict {
	u := random.Float64()
	wins := t.win - (t.tie+t.bothBad)/2
	switch {
	case u < t.tie:
		return eval.ShownTie
	case u < t.tie+t.bothBad:
		return eval.ShownBad
	case (u < t.tie+t.bothBad+wins) == (first == eval.SideB):
		return eval.LeftBetter
	}
	return eval.RightBetter
}

func (d *demonstration) decide(ctx context.Context) error {
	d.title("Decide: the routing table")
	recommended, err := recommend(ctx, d.g, d.store, time.Now())
	if err != nil {
		return err
	}
	return report.RoutingTable(d.out, recommended.RoutingTable, d.style())
}

func (d *demonstration) documents(ctx context.Context, took time.Duration) error {
	d.title("Take away")
	input, err := reportInput(ctx, d.g, d.store, time.Now())
	if err != nil {
		return err
	}
	workbook, page, routes := filepath.Join(d.g.dir, "modeltrial.xlsx"), filepath.Join(d.g.dir, "report.html"), filepath.Join(d.g.dir, "litellm.yaml")
	if err := report.Workbook(ctx, workbook, input); err != nil {
		return err
	}
	if err := writeHTML(ctx, page, input); err != nil {
		return err
	}
	endpoints, err := armEndpoints(ctx, d.g, d.store)
	if err != nil {
		return err
	}
	err = report.ReplaceFile(routes, func(w io.Writer) error { return report.ExportRoutes(w, "litellm", input.Routing, endpoints) })
	if err != nil {
		return err
	}
	d.say("   workbook   %s\n   report     %s\n   gateway    %s (LiteLLM)\n   workspace  %s", workbook, page, routes, d.g.dir)
	d.say("\nAnswers are recorded samples of fictional models and every rating is simulated:\nthe figures show how modeltrial works, not what any model can do. Done in %.1f s.", took.Seconds())
	d.say("\nnext: rate a comparison yourself\n  %s && %s", d.g.command("rate invite you"), d.g.command("rate serve"))
	return nil
}
