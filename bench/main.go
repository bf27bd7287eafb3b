// Command bench measures Spindle beside the redis-server on PATH: both are
// started on free ports of this machine, loaded in turns by the same client
// and measured from outside.
//
//	go run ./bench                              everything; more than an hour
//	go run ./bench -quick                       everything, small; some minutes
//	go run ./bench -only speed -tests GET,SET -pipeline 16
//	go run ./bench -only speed -setup zsets.txt -- ZINTERSTORE d 2 a b
//
// Sections (-only, a comma-separated list):
//
//	speed       redis-benchmark's tests: throughput, server CPU per command, p50 and p99
//	scripts     the same for small Lua scripts
//	commands    server CPU of one command on a large value
//	large       values of millions of elements: how they go, what reaching into them costs
//	memory      resident bytes per key or element, by shape
//	latency     millions of keys at half load: percentiles, and the collector's pauses
//	restart     time from start to the first answer with a log to load
//	rewrite     client latency and peak memory while the log is rewritten under writes
//	pubsub      a channel with many subscribers, and many clients that wait
//	durability  kill -9 under load: lost, repeated and missing effects (Spindle alone)
//	hostile     clients that vanish in the middle of anything: what is left of them (Spindle alone)
//
// The results are printed and written to bench/results as text and SVG charts.
// A server runs on one core and the client on another in the sections speed
// commands and latency, as redis-benchmark is a single busy thread; in the others both
// servers may use all cores, for a forking server needs a second one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"spindle/bench/report"
	"spindle/bench/servers"
)

// A section measures one thing. It fills the report that it is given.
type section struct {
	name, title string
	run         func(*bench, *report.Report) error
}

var sections = []section{
	{"speed", "Speed: redis-benchmark's tests", (*bench).speed},
	{"scripts", "Scripts: small ones, as applications have them", (*bench).scripts},
	{"commands", "Commands: one at a time, on large values", (*bench).commands},
	{"large", "Large: single values of millions of elements", (*bench).large},
	{"memory", "Memory: resident bytes by shape of the data", (*bench).memory},
	{"latency", "Latency at half load", (*bench).latency},
	{"restart", "Restart: loading the log", (*bench).restart},
	{"rewrite", "Rewriting the log under a write load", (*bench).rewrite},
	{"pubsub", "Many subscribers, many waiting clients", (*bench).pubsub},
	{"durability", "Durability: kill -9 under load", (*bench).durability},
	{"hostile", "Hostile clients", (*bench).hostile},
}

func main() {
	opt, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(opt)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(opt *options) error {
	root, err := servers.Root()
	if err != nil {
		return err
	}
	b, err := newBench(opt)
	if err != nil {
		return err
	}
	defer b.close()
	go b.stopOnSignal()
	var missed error
	for _, s := range sections {
		if !slices.Contains(opt.only, s.name) {
			continue
		}
		r := report.New(s.name, s.title)
		r.Origin = b.origin
		b.progress.Stepf("%s", s.name)
		if err := s.run(b, r); err != nil {
			// What the others measure is still worth having.
			missed = errors.Join(missed, fmt.Errorf("%s: %w", s.name, err))
			b.stopServers()
			continue
		}
		b.progress.Clear()
		fmt.Println(r.Text())
		out := opt.out
		if !filepath.IsAbs(out) {
			out = filepath.Join(root, out)
		}
		paths, err := r.Write(out, opt.json)
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "wrote", strings.Join(paths, " "))
	}
	return errors.Join(missed, b.broken)
}

// stopOnSignal leaves neither processes nor directories behind.
func (b *bench) stopOnSignal() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	<-c
	b.close()
	os.Exit(130)
}
