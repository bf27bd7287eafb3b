package main

import (
	"fmt"
	"strconv"
	"time"

	"spindle/bench/client"
	"spindle/bench/pace"
	"spindle/bench/proc"
	"spindle/bench/report"
	"spindle/bench/servers"
	"spindle/loop"
)

const (
	rewriteSlice = 100 * time.Millisecond // of the chart over time
	rewritePeak  = 1.1                    // goal: peak memory relative to before
)

// A rewriteRun is what one server showed before, during and after a rewrite.
type rewriteRun struct {
	before, during, after *pace.Result
	slice, empty          slice // only Spindle's; of a loop that does nothing
	rss, peak             int64 // bytes: before; at most during, with a child's copies
}

func (b *bench) rewrite(r *report.Report) error {
	pair, err := b.startBoth(setting{}, logArgs(true)...)
	if err != nil {
		return err
	}
	defer b.stop(pair[redis])
	defer b.stop(pair[spindle])
	for _, who := range sides {
		if err := b.load(pair[who].Addr, b.opt.rewriteKeys, putString(pacedValue), "rewrite: loading %v", who); err != nil {
			return err
		}
	}
	load := pace.Load{Conns: b.opt.clients, Keys: b.opt.rewriteKeys, Value: pacedValue, Seed: b.opt.seed, Slice: rewriteSlice}
	if load.Rate, err = b.halfLoad(r, pair, load); err != nil {
		return err
	}
	var runs [2]rewriteRun
	for _, who := range sides {
		if runs[who], err = b.rewriteUnderLoad(pair[who], who, load); err != nil {
			return fmt.Errorf("%v: %w", who, err)
		}
	}
	b.reportRewrite(r, runs)
	return nil
}

// rewriteUnderLoad keeps writing at the load's rate through a rewrite.
func (b *bench) rewriteUnderLoad(s *servers.Server, who side, load pace.Load) (run rewriteRun, err error) {
	load.Addr = s.Addr
	b.progress.Stepf("rewrite: %v, before", who)
	if run.before, err = load.RunFor(b.opt.duration); err != nil {
		return run, err
	}
	if run.rss, err = proc.RSS(s.Pid()); err != nil {
		return run, err
	}
	if err := proc.ResetPeak(s.Pid()); err != nil {
		return run, err
	}
	b.progress.Stepf("rewrite: %v, during", who)
	stop, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(stop)
		time.Sleep(rewriteSlice) // the load should be under way
		if err := resetStats(s.Addr); err != nil {
			failed <- err
			return
		}
		failed <- rewriteLog(s.Addr)
	}()
	if run.during, err = load.Run(stop); err != nil {
		return run, err
	}
	if err := <-failed; err != nil {
		return run, err
	}
	if run.peak, run.slice, err = peakAndSlice(s); err != nil {
		return run, err
	}
	b.progress.Stepf("rewrite: %v, after", who)
	if run.after, err = load.RunFor(b.opt.duration / 2); err != nil || who != spindle {
		return run, err
	}
	b.progress.Stepf("rewrite: slices of an empty loop under the same load")
	run.empty, err = emptySlices(load, run.during.Elapsed)
	return run, err
}

// emptySlices measures what the machine itself makes of slices like Spindle's, under the same load and for as long, in a loop that
// only looks at the clock. A virtual machine's processor that was taken away for a while counts as used, and so do interrupts.
func emptySlices(load pace.Load, d time.Duration) (longest slice, err error) {
	const (
		work  = 250 * time.Microsecond
		pause = time.Millisecond
	)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(pause) {
			began := time.Now()
			cpu := loop.CPUTime(func() {
				for time.Since(began) < work {
				}
			})
			longest.cpu = max(longest.cpu, float64(cpu)/1000)
			longest.wall = max(longest.wall, float64(time.Since(began))/1000)
		}
	}()
	_, err = load.RunFor(d)
	<-done
	return longest, err
}

func resetStats(addr string) error {
	c, err := client.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Do("CONFIG", "RESETSTAT")
	return err
}

// peakAndSlice returns the largest resident memory of the process since ResetPeak
// and, where a forked child did the rewrite, of the pages that were copied
// because of it. The child counts them itself; to look from outside would slow
// it down. The other result is the longest slice of a rewrite without fork.
func peakAndSlice(s *servers.Server) (peak int64, longest slice, err error) {
	if peak, err = proc.Peak(s.Pid()); err != nil {
		return 0, slice{}, err
	}
	c, err := client.Dial(s.Addr)
	if err != nil {
		return 0, slice{}, err
	}
	defer c.Close()
	info, err := c.Info("all")
	if err != nil {
		return 0, slice{}, err
	}
	copied, _ := strconv.ParseInt(info["aof_last_cow_size"], 10, 64)
	return peak + copied, sliceOf(info), nil
}

func (b *bench) reportRewrite(r *report.Report, runs [2]rewriteRun) {
	x, y := runs[redis], runs[spindle]
	t := r.Table("latency of SET in ms", "", "redis", "spindle", "ratio", "goal")
	row := func(name string, of func(rewriteRun) time.Duration, limit float64) {
		t.Row(name, millis(of(x)), millis(of(y)), ratio(float64(of(y)), float64(of(x))), atMost(float64(of(y)), float64(of(x)), limit))
	}
	row("before, p99.9", func(r rewriteRun) time.Duration { return r.before.At(99.9) }, 0)
	row("before, max", func(r rewriteRun) time.Duration { return r.before.Max() }, 0)
	row("during, p50", func(r rewriteRun) time.Duration { return r.during.At(50) }, 0)
	row("during, p99", func(r rewriteRun) time.Duration { return r.during.At(99) }, 0)
	row("during, p99.9", func(r rewriteRun) time.Duration { return r.during.At(99.9) }, 1)
	row("during, max", func(r rewriteRun) time.Duration { return r.during.Max() }, 1)

	m := r.Table("the rewrite", "", "redis", "spindle", "ratio", "goal")
	m.Row("seconds", fmt.Sprintf("%.2f", x.during.Elapsed.Seconds()), fmt.Sprintf("%.2f", y.during.Elapsed.Seconds()),
		ratio(float64(y.during.Elapsed), float64(x.during.Elapsed)), "")
	m.Row("MiB resident before", mib(x.rss), mib(y.rss), ratio(float64(y.rss), float64(x.rss)), "")
	m.Row("MiB at the peak", mib(x.peak), mib(y.peak), ratio(float64(y.peak), float64(x.peak)), "")
	m.Row("peak / before", ratio(float64(x.peak), float64(x.rss)), ratio(float64(y.peak), float64(y.rss)), "",
		"spindle "+atMost(float64(y.peak), float64(y.rss), rewritePeak))
	m.Row("longest slice, CPU / wall ms", "", y.slice.String(), "", withinSlice(y.slice.cpu))
	m.Row("the same of an empty loop", "", y.empty.String(), "", "")
	r.Notef(sliceNote)
	r.Notef("an empty loop: slices of the same length that only look at the clock, under the same load and for as long: what the machine makes of any slice")
	r.Notef("%s keys of 16 bytes, values of %d bytes, SET of random keys, log on (everysec); the peak counts the pages that a forked child made the system copy", count(b.opt.rewriteKeys), pacedValue)
	r.Lines("rewrite", fmt.Sprintf("Greatest latency of SET around a rewrite of %s keys", count(b.opt.rewriteKeys)), "seconds", "ms",
		rewriteSlice.Seconds(), true,
		report.Series{Name: redis.String(), Values: x.timeline()}, report.Series{Name: spindle.String(), Values: y.timeline()})
}

// timeline is the greatest latency of each slice from before to after, in
// milliseconds.
func (r rewriteRun) timeline() (v []float64) {
	for _, part := range []*pace.Result{r.before, r.during, r.after} {
		for _, d := range part.Worst {
			v = append(v, ms(d))
		}
	}
	return v
}
