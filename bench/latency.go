package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"spindle/bench/pace"
	"spindle/bench/report"
	"spindle/bench/servers"
)

const (
	pacedValue    = 32              // bytes
	calibration   = 3 * time.Second // of a closed loop, to find the greatest load
	loadShare     = 0.5             // of the slower server's greatest load
	percentsShown = "50 90 99 99.9 99.99"
)

func (b *bench) latency(r *report.Report) error {
	b.pinClient(true)
	defer b.pinClient(false)
	pair, err := b.startBoth(setting{pinned: true, gctrace: true}, logArgs(false)...)
	if err != nil {
		return err
	}
	defer b.stop(pair[redis])
	defer b.stop(pair[spindle])
	for _, who := range sides {
		if err := b.load(pair[who].Addr, b.opt.keys, putString(pacedValue), "latency: loading %v", who); err != nil {
			return err
		}
	}
	load := pace.Load{Conns: b.opt.clients, Keys: b.opt.keys, Reads: 0.5, Value: pacedValue, Seed: b.opt.seed}
	if load.Rate, err = b.halfLoad(r, pair, load); err != nil {
		return err
	}
	loaded := readTrace(pair[spindle].LogPath())
	results, err := b.pacedRounds(pair, load)
	if err != nil {
		return err
	}
	r.Notef("%s keys, 32-byte values, half GET and half SET on random keys, %d connections, no pipeline", count(b.opt.keys), b.opt.clients)
	b.reportLatency(r, load.Rate, results)
	reportTrace(r, loaded, readTrace(pair[spindle].LogPath()))
	return nil
}

// halfLoad finds the greatest load of both servers and returns half of the
// smaller, as requests a second.
func (b *bench) halfLoad(r *report.Report, pair [2]*servers.Server, load pace.Load) (float64, error) {
	load.Rate = 0
	var most [2]float64
	for _, who := range sides {
		b.progress.Stepf("%s: greatest load of %v", r.Name, who)
		load.Addr = pair[who].Addr
		res, err := load.RunFor(calibration)
		if err != nil {
			return 0, fmt.Errorf("%v: %w", who, err)
		}
		most[who] = res.PerSecond()
	}
	rate := loadShare * min(most[redis], most[spindle])
	r.Notef("greatest load of this client: redis %.0f/s, spindle %.0f/s; both got %.0f/s at random moments, whether or not earlier answers had come (an open loop)",
		most[redis], most[spindle], rate)
	return rate, nil
}

// pacedRounds loads the servers in turns and adds up the rounds.
func (b *bench) pacedRounds(pair [2]*servers.Server, load pace.Load) (sum [2]*pace.Result, err error) {
	for round := range b.opt.rounds {
		for _, who := range sides {
			b.progress.Stepf("latency: round %d of %d, %v", round+1, b.opt.rounds, who)
			load.Addr, load.Seed = pair[who].Addr, b.opt.seed+uint64(round)
			res, err := load.RunFor(b.opt.duration)
			if err != nil {
				return sum, fmt.Errorf("%v: %w", who, err)
			}
			if sum[who] == nil {
				sum[who] = res
				continue
			}
			sum[who].Latency.Merge(res.Latency)
			sum[who].Requests += res.Requests
			sum[who].Elapsed += res.Elapsed
		}
	}
	return sum, nil
}

func (b *bench) reportLatency(r *report.Report, rate float64, results [2]*pace.Result) {
	t := r.Table(fmt.Sprintf("latency in ms at %.0f requests a second", rate), "percentile", "redis", "spindle", "ratio", "goal")
	var labels []string
	series := [2]report.Series{{Name: redis.String()}, {Name: spindle.String()}}
	row := func(label string, of func(*pace.Result) time.Duration, limit float64) {
		x, y := of(results[redis]), of(results[spindle])
		t.Row(label, millis(x), millis(y), ratio(float64(y), float64(x)), atMost(float64(y), float64(x), limit))
		labels = append(labels, label)
		series[redis].Values = append(series[redis].Values, ms(x))
		series[spindle].Values = append(series[spindle].Values, ms(y))
	}
	for p := range strings.FieldsSeq(percentsShown) {
		percent, _ := strconv.ParseFloat(p, 64)
		limit := 0.0
		if p == "99.9" {
			limit = 1
		}
		row("p"+p, func(r *pace.Result) time.Duration { return r.At(percent) }, limit)
	}
	row("max", (*pace.Result).Max, 0)
	r.Curve("latency", fmt.Sprintf("Latency, %s keys, %.0f requests/s", count(b.opt.keys), rate), "ms", labels, series[:]...)
	r.Notef("sum of %d rounds of %v in turns: %d and %d requests", b.opt.rounds, b.opt.duration, results[redis].Requests, results[spindle].Requests)
}

// A trace sums up the lines that GODEBUG=gctrace=1 makes a Go program print.
type trace struct {
	collections int
	pause       time.Duration // longest stop of the program
	marking     time.Duration // longest concurrent phase
	heapMB      int           // largest live heap
	percent     string        // of the processor time since the start, last line
}

// The fields that we read from a line such as
// "gc 3 @1.5s 0%: 0.01+1.2+0.02 ms clock, 0.02+... ms cpu, 4->4->1 MB, 5 MB goal, ...".
// Its first and third times stop the program.
var traceLine = regexp.MustCompile(`^gc \d+ @[\d.]+s (\d+)%: ([\d.]+)\+([\d.]+)\+([\d.]+) ms clock, .* \d+->\d+->(\d+) MB`)

func readTrace(path string) (t trace) {
	b, err := os.ReadFile(path)
	if err != nil {
		return t
	}
	for line := range strings.Lines(string(b)) {
		m := traceLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		t.collections++
		t.percent = m[1]
		t.pause = max(t.pause, millisOf(m[2]), millisOf(m[4]))
		t.marking = max(t.marking, millisOf(m[3]))
		mb, _ := strconv.Atoi(m[5])
		t.heapMB = max(t.heapMB, mb)
	}
	return t
}

func millisOf(s string) time.Duration {
	f, _ := strconv.ParseFloat(s, 64)
	return time.Duration(f * float64(time.Millisecond))
}

// reportTrace tells what the collector did; loaded is the trace before the
// paced load.
func reportTrace(r *report.Report, loaded, all trace) {
	if all.collections == 0 {
		r.Notef("GODEBUG=gctrace=1: spindle ran no collection at all")
		return
	}
	r.Notef("GODEBUG=gctrace=1: %d collections while loading, %d under the paced load; longest stop %v, longest concurrent phase %v, live heap at most %d MB, %s %% of the time since the start",
		loaded.collections, all.collections-loaded.collections, all.pause, all.marking, all.heapMB, all.percent)
}
