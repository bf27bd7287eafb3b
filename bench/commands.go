package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"spindle/bench/client"
	"spindle/bench/proc"
	"spindle/bench/report"
	"spindle/bench/servers"
)

// The section commands measures what one command costs on a large value. Both
// servers hold the same data. They run the same command in turns, often enough
// for the processor's clock, and the median of the rounds counts: processor
// time, for the machine may be busy with something else.

// unitTime is the processor time that one round of a command should take.
const unitTime = 25 * time.Millisecond

// unitsMax bounds the repetitions of cheap commands in a round.
const unitsMax = 20000

// warmUps are the repetitions before the rounds, last one first; that one tells
// how many make a round.
var warmUps = [...]int{8, 1}

// pipelined is how many repetitions of a command that takes less than cheap are
// sent at once: the kernel's part would hide what the command itself costs.
const (
	pipelined = 16
	cheap     = 200 * time.Microsecond
)

// A dataset is what the costs of its commands are measured on.
type dataset struct {
	name  string
	fill  func(f *filler)
	costs []cost
}

// A cost is one row: commands that are sent one after the other and leave the
// data as it was. A step whose first word is "walk" repeats a command of the
// SCAN family until its cursor is 0 again; %d stands for the cursor.
type cost struct {
	name  string
	steps [][]string
}

func one(command string) cost { return several(command, command) }

func several(name string, commands ...string) cost {
	c := cost{name: name}
	for _, s := range commands {
		c.steps = append(c.steps, strings.Fields(s))
	}
	return c
}

// filler sends the commands that make a dataset.
type filler struct {
	c       *client.Conn
	waiting int
	err     error
}

const fillBatch = 256

func (f *filler) do(args ...any) {
	if f.err != nil {
		return
	}
	f.c.Begin(len(args))
	for _, a := range args {
		switch a := a.(type) {
		case int:
			f.c.Int(int64(a))
		case []byte:
			f.c.Bytes(a)
		default:
			f.c.Arg(fmt.Sprint(a))
		}
	}
	if f.waiting++; f.waiting == fillBatch {
		f.finish()
	}
}

// finish waits for all replies.
func (f *filler) finish() {
	if f.err == nil {
		f.err = f.c.Flush()
	}
	for ; f.err == nil && f.waiting > 0; f.waiting-- {
		_, f.err = f.c.Discard()
	}
}

func (b *bench) commands(r *report.Report) error {
	b.pinClient(true)
	defer b.pinClient(false)
	pair, err := b.startBoth(setting{pinned: true}, logArgs(false)...)
	if err != nil {
		return err
	}
	defer b.stop(pair[redis])
	defer b.stop(pair[spindle])
	t := r.Table("server CPU per command in microseconds, medians", "command", "redis", "spindle", "ratio", "goal")
	var ratios []float64
	for _, set := range datasets {
		if !b.chosen(set) {
			continue
		}
		rows, err := b.costsOf(set, pair)
		if err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		t.Row("-- "+set.name, "", "", "", "")
		for i, c := range set.costs {
			if rows[i][redis] == 0 {
				continue
			}
			x, y := rows[i][redis], rows[i][spindle]
			t.Row(c.name, micros(x), micros(y), ratio(y, x), atMost(y, x, 1))
			ratios = append(ratios, y/x)
		}
	}
	r.Notef("%d rounds in turns of about %v each on one connection; processor time of the whole process, background threads and the collector included", b.opt.rounds, unitTime)
	r.Notef("what takes less than %v is sent in pipelines of %d", cheap, pipelined)
	r.Notef("the cost includes reading the command and writing its reply; several commands in a row of the table are measured as one")
	if len(ratios) > 0 {
		r.Notef("geometric mean of the %d ratios: %.2fx", len(ratios), geomean(ratios))
	}
	return nil
}

// chosen tells whether -data leaves the set in.
func (b *bench) chosen(set dataset) bool {
	return len(b.opt.data) == 1 && b.opt.data[0] == "" || slices.ContainsFunc(b.opt.data, func(s string) bool { return strings.HasPrefix(set.name, s) })
}

// costsOf fills both servers and returns each command's CPU time in ns.
func (b *bench) costsOf(set dataset, pair [2]*servers.Server) ([][2]float64, error) {
	var conns [2]*client.Conn
	for _, who := range sides {
		b.progress.Stepf("commands: %s, filling %v", set.name, who)
		c, err := client.Dial(pair[who].Addr)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		conns[who] = c
		f := &filler{c: c}
		f.do("FLUSHALL")
		set.fill(f)
		if f.finish(); f.err != nil {
			return nil, fmt.Errorf("%v: %w", who, f.err)
		}
	}
	rows := make([][2]float64, len(set.costs))
	for i, c := range set.costs {
		b.progress.Stepf("commands: %s, %s", set.name, c.name)
		if err := b.costOf(c, pair, conns, &rows[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return rows, nil
}

func (b *bench) costOf(c cost, pair [2]*servers.Server, conns [2]*client.Conn, row *[2]float64) error {
	units, depth := [2]int{1, 1}, 1
	var rounds [2][]float64
	for round := -len(warmUps); round < b.opt.rounds; round++ {
		for _, who := range sides {
			n := units[who]
			if round < 0 {
				n = warmUps[-round-1]
			}
			before, err := proc.CPU(pair[who].Pid())
			if err != nil {
				return err
			}
			if err := c.repeat(conns[who], n, depth); err != nil {
				return fmt.Errorf("%v: %w", who, err)
			}
			after, err := proc.CPU(pair[who].Pid())
			if err != nil {
				return err
			}
			if round < 0 {
				units[who] = min(max(int(unitTime*time.Duration(n)/max(after-before, time.Microsecond)), 1), unitsMax)
				continue
			}
			rounds[who] = append(rounds[who], float64(after-before)/float64(n))
		}
		if round == -1 && units[redis] > int(unitTime/cheap) && c.steps[0][0] != "walk" {
			depth = pipelined
			units[spindle] = max(units[spindle], depth)
		}
	}
	for _, who := range sides {
		row[who] = median(rounds[who])
	}
	return nil
}

// repeat runs the steps n times, depth of them at once.
func (c cost) repeat(conn *client.Conn, n, depth int) error {
	for ; n > 0; n -= depth {
		if depth == 1 {
			if err := c.run(conn); err != nil {
				return err
			}
			continue
		}
		for range min(depth, n) {
			for _, s := range c.steps {
				conn.Send(s...)
			}
		}
		if err := conn.Flush(); err != nil {
			return err
		}
		for range min(depth, n) * len(c.steps) {
			if _, err := conn.Discard(); err != nil {
				return err
			}
		}
	}
	return nil
}

// run sends the steps one by one and waits for their replies.
func (c cost) run(conn *client.Conn) error {
	for _, s := range c.steps {
		var err error
		if s[0] == "walk" {
			err = walk(conn, s[1:])
		} else {
			conn.Send(s...)
			if err = conn.Flush(); err == nil {
				_, err = conn.Discard()
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func walk(conn *client.Conn, args []string) error {
	at := slices.Index(args, "%d")
	for cursor := "0"; ; {
		cmd := slices.Clone(args)
		cmd[at] = cursor
		conn.Send(cmd...)
		if err := conn.Flush(); err != nil {
			return err
		}
		next, err := conn.Discard()
		if err != nil || next == "0" {
			return err
		}
		cursor = next
	}
}

func micros(ns float64) string { return fmt.Sprintf("%.1f", ns/1e3) }
