package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"spindle/bench/client"
	"spindle/bench/proc"
	"spindle/bench/report"
	"spindle/bench/servers"
)

// valueSize is redis-benchmark's -d, in bytes.
const valueSize = 16

// pipelineFactor is how many times more requests a run with a pipeline has, at
// most, so that runs of all depths take about as long.
const pipelineFactor = 32

// warmUp is the share of the requests that is sent before measuring.
const warmUp = 10 // percent

// A cell is one test in one configuration, measured on both servers.
type cell struct {
	test     test
	pipeline int
	space    int
	log      bool
	runs     [2][]sample // by side, one per round
}

// A sample is what one run of redis-benchmark showed.
type sample struct {
	perSecond float64
	cpuNs     float64 // of the server per command, 0 where it cannot be had
	userNs    float64 // the part of cpuNs outside the kernel
	p50, p99  float64 // milliseconds
}

func (b *bench) speed(r *report.Report) error {
	chosen, err := b.chosenTests()
	if err != nil {
		return err
	}
	return b.speedOf(r, chosen)
}

// speedOf measures tests, as the options have it.
func (b *bench) speedOf(r *report.Report, chosen []test) error {
	if _, err := exec.LookPath("redis-benchmark"); err != nil {
		return err
	}
	b.pinClient(true)
	defer b.pinClient(false)
	lacking := map[string]bool{} // tests that a server has no command for
	for _, log := range b.opt.logs {
		var cells []*cell
		for _, p := range b.opt.pipelines {
			for _, t := range chosen {
				if lacking[t.name] {
					continue
				}
				for _, space := range b.spacesOf(t) {
					c := &cell{test: t, pipeline: p, space: space, log: log}
					err := b.measure(c)
					if unknownCommand(err) {
						lacking[t.name] = true
						r.Notef("%s was not measured: %s", t.name, brief(err))
						break
					}
					if err != nil {
						return fmt.Errorf("%v: %w", c, err)
					}
					cells = append(cells, c)
				}
			}
		}
		b.reportSpeed(r, log, cells)
	}
	r.Notef("redis-benchmark -c %d -d %d, median of %d rounds on fresh servers, in turns; ratios are spindle's over redis's", b.opt.clients, valueSize, b.opt.rounds)
	r.Notef("CPU is the processor time of the whole server process, threads of the log and the collector included, per command; user is the part of it outside the kernel, redis's and spindle's")
	return nil
}

func (b *bench) chosenTests() ([]test, error) {
	if len(b.opt.command) > 0 {
		fill, err := setupFile(b.opt.setup)
		return []test{{name: strings.Join(b.opt.command, " "), args: b.opt.command, spaced: true, fill: fill}}, err
	}
	var list []test
	for _, name := range b.opt.tests {
		t, _ := findTest(name)
		list = append(list, t)
	}
	return list, nil
}

// setupFile returns a fill that sends the lines of a file as inline commands.
func setupFile(path string) (func(string, int, int) error, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return func(addr string, _, _ int) error {
		c, err := client.Dial(addr)
		if err != nil {
			return err
		}
		defer c.Close()
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			args := strings.Fields(lines.Text())
			if len(args) == 0 || strings.HasPrefix(args[0], "#") {
				continue
			}
			if _, err := c.Do(args...); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
		}
		return lines.Err()
	}, nil
}

func (b *bench) spacesOf(t test) []int {
	if t.spaced {
		return b.opt.spaces
	}
	return []int{0}
}

func (c *cell) String() string {
	log := "off"
	if c.log {
		log = "on"
	}
	return fmt.Sprintf("%s P=%d r=%s log %s", c.test.name, c.pipeline, spaceName(c.space), log)
}

func spaceName(n int) string {
	if n == 0 {
		return "1"
	}
	return count(n)
}

// measure runs a cell on both servers in turns.
func (b *bench) measure(c *cell) error {
	for round := range b.opt.rounds {
		for _, who := range sides {
			b.progress.Stepf("speed: %v, round %d of %d, %v", c, round+1, b.opt.rounds, who)
			s, err := b.runOnce(c, who)
			if err != nil {
				return fmt.Errorf("%v: %w", who, err)
			}
			c.runs[who] = append(c.runs[who], s)
		}
	}
	return nil
}

// runOnce measures on a fresh server, so that neither what an earlier run left
// in memory nor its log has a part in it.
func (b *bench) runOnce(c *cell, who side) (sample, error) {
	s, err := b.start(who, setting{pinned: true}, logArgs(c.log)...)
	if err != nil {
		return sample{}, err
	}
	defer b.stop(s)
	n := b.opt.requests * min(c.pipeline, pipelineFactor)
	warm := n * warmUp / 100
	if c.test.fill != nil {
		if err := c.test.fill(s.Addr, n+warm, c.space); err != nil {
			return sample{}, err
		}
	}
	if _, err := b.redisBenchmark(c, s, max(warm, 1)); err != nil {
		return sample{}, err
	}
	pid := s.Pid()
	cpu, _ := proc.CPU(pid)
	user, _ := proc.UserCPU(pid)
	res, err := b.redisBenchmark(c, s, n)
	if err != nil {
		return sample{}, err
	}
	res.cpuNs = eachNs(proc.CPU, pid, cpu, n)
	res.userNs = eachNs(proc.UserCPU, pid, user, n)
	return res, nil
}

// eachNs is what a clock of the process has advanced since before, in nanoseconds per command.
func eachNs(clock func(pid int) (time.Duration, error), pid int, before time.Duration, n int) float64 {
	after, err := clock(pid)
	if err != nil {
		return 0
	}
	return float64(after-before) / float64(n)
}

// redisBenchmark runs the program once, on the core that we run on ourselves.
func (b *bench) redisBenchmark(c *cell, s *servers.Server, n int) (sample, error) {
	args := []string{"-p", strconv.Itoa(s.Port), "-c", strconv.Itoa(b.opt.clients), "-d", strconv.Itoa(valueSize),
		"-n", strconv.Itoa(n), "-P", strconv.Itoa(c.pipeline), "--csv"}
	if c.space > 0 {
		args = append(args, "-r", strconv.Itoa(c.space))
	}
	cmd := exec.Command("redis-benchmark", append(args, c.test.args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		if _, text, ok := strings.Cut(errs.String(), "Error from server: "); ok {
			return sample{}, client.Error(strings.TrimSpace(text))
		}
		return sample{}, fmt.Errorf("redis-benchmark: %w: %s", err, errs.Bytes())
	}
	return parseCSV(out)
}

// parseCSV reads the last line of redis-benchmark's table by the names in its
// first.
func parseCSV(out []byte) (s sample, err error) {
	start := bytes.Index(out, []byte(`"test"`))
	if start < 0 {
		return s, fmt.Errorf("redis-benchmark printed no table: %q", out)
	}
	rows, err := csv.NewReader(bytes.NewReader(out[start:])).ReadAll()
	if err != nil || len(rows) < 2 {
		return s, fmt.Errorf("redis-benchmark printed %q: %v", out, err)
	}
	head, row := rows[0], rows[len(rows)-1]
	for name, p := range map[string]*float64{"rps": &s.perSecond, "p50_latency_ms": &s.p50, "p99_latency_ms": &s.p99} {
		i := slices.Index(head, name)
		if i < 0 {
			return s, fmt.Errorf("redis-benchmark has no column %q: %q", name, head)
		}
		if *p, err = strconv.ParseFloat(row[i], 64); err != nil {
			return s, err
		}
	}
	return s, nil
}

// of is the median over the rounds of one figure.
func (c *cell) of(who side, figure func(sample) float64) float64 {
	var v []float64
	for _, s := range c.runs[who] {
		v = append(v, figure(s))
	}
	return median(v)
}

func perSecond(s sample) float64 { return s.perSecond }
func cpuNs(s sample) float64     { return s.cpuNs }
func userNs(s sample) float64    { return s.userNs }
func p50(s sample) float64       { return s.p50 }
func p99(s sample) float64       { return s.p99 }

func (b *bench) reportSpeed(r *report.Report, log bool, cells []*cell) {
	title := "log off"
	if log {
		title = "log on, appendfsync everysec"
	}
	t := r.Table(title, "test", "P", "keys", "redis k/s", "spindle k/s", "ratio",
		"redis ns", "spindle ns", "ratio", "user", "user", "p50 ms", "", "p99 ms", "", "goals")
	for _, c := range cells {
		f := func(format string, figure func(sample) float64, who side, scale float64) string {
			return fmt.Sprintf(format, c.of(who, figure)/scale)
		}
		t.Row(c.test.name, c.pipeline, spaceName(c.space),
			f("%.0f", perSecond, redis, 1e3), f("%.0f", perSecond, spindle, 1e3), ratio(c.of(spindle, perSecond), c.of(redis, perSecond)),
			f("%.0f", cpuNs, redis, 1), f("%.0f", cpuNs, spindle, 1), ratio(c.of(spindle, cpuNs), c.of(redis, cpuNs)),
			f("%.0f", userNs, redis, 1), f("%.0f", userNs, spindle, 1),
			f("%.3f", p50, redis, 1), f("%.3f", p50, spindle, 1), f("%.3f", p99, redis, 1), f("%.3f", p99, spindle, 1),
			c.goals())
	}
	b.reportMeans(r, title, cells)
	suffix := "off"
	if log {
		suffix = "on"
	}
	for _, p := range b.opt.pipelines {
		bars(r, fmt.Sprintf("%s-p%d-log-%s", r.Name, p, suffix), fmt.Sprintf("Throughput, pipeline of %d, %s", p, title), "1000 commands/s", p, cells, perSecond, 1e3)
		bars(r, fmt.Sprintf("%scpu-p%d-log-%s", chartPrefix(r), p, suffix), fmt.Sprintf("Server CPU per command, pipeline of %d, %s", p, title), "ns", p, cells, cpuNs, 1)
	}
}

// goals says which goals the cell meets.
func (c *cell) goals() string {
	g := goals[c.test.goal]
	var said []string
	if min := g.throughput[c.pipeline]; min > 0 {
		said = append(said, verdict(c.of(spindle, perSecond)/c.of(redis, perSecond) >= min, fmt.Sprintf(">=%.2fx", min)))
	}
	if max := g.cpu[c.pipeline]; max > 0 && c.of(redis, cpuNs) > 0 {
		said = append(said, verdict(c.of(spindle, cpuNs)/c.of(redis, cpuNs) <= max, fmt.Sprintf("cpu<=%.2fx", max)))
	}
	return strings.Join(said, " ")
}

func verdict(ok bool, goal string) string {
	if ok {
		return goal + " yes"
	}
	return goal + " NO"
}

// reportMeans adds the geometric means of the throughput ratios by group of
// tests and depth.
func (b *bench) reportMeans(r *report.Report, title string, cells []*cell) {
	t := r.Table("geometric mean of the throughput ratios, "+title, "tests", "P", "ratio", "goal")
	for _, name := range []string{core, types} {
		for _, p := range b.opt.pipelines {
			var v []float64
			for _, c := range cells {
				if c.test.goal == name && c.pipeline == p {
					v = append(v, c.of(spindle, perSecond)/c.of(redis, perSecond))
				}
			}
			if len(v) == 0 {
				continue
			}
			said := ""
			if min := goals[name].mean[p]; min > 0 {
				said = verdict(geomean(v) >= min, fmt.Sprintf(">=%.2fx", min))
			}
			t.Row(name, p, fmt.Sprintf("%.2fx", geomean(v)), said)
		}
	}
	if len(t.Rows) == 0 {
		r.Tables = r.Tables[:len(r.Tables)-1]
	}
}

// bars draws one figure of the cells of one depth.
func bars(r *report.Report, file, title, unit string, pipeline int, cells []*cell, figure func(sample) float64, scale float64) {
	var labels []string
	series := [2]report.Series{{Name: redis.String()}, {Name: spindle.String()}}
	for _, c := range cells {
		if c.pipeline != pipeline {
			continue
		}
		label := c.test.name
		if c.space > 0 {
			label += " " + spaceName(c.space)
		}
		labels = append(labels, label)
		for _, who := range sides {
			series[who].Values = append(series[who].Values, c.of(who, figure)/scale)
		}
	}
	r.Bars(file, title, unit, labels, series[:]...)
}

// chartPrefix keeps the charts of sections apart; those of speed have none.
func chartPrefix(r *report.Report) string {
	if r.Name == "speed" {
		return ""
	}
	return r.Name + "-"
}
