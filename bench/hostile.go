package main

import (
	"errors"
	"fmt"
	"time"

	"spindle/bench/hostile"
	"spindle/bench/report"
	"spindle/bench/servers"
)

// hostile runs a server of its own: with the tag invariants, whatever -spindle says.
func (b *bench) hostile(r *report.Report) error {
	bin, err := servers.BuildTagged("invariants")
	if err != nil {
		return err
	}
	res, err := hostile.Run(hostile.Config{
		Duration: b.opt.hostileTime, Seed: b.opt.seed,
		Start: func(args ...string) (*servers.Server, error) { return b.startBin(bin, setting{}, args...) },
		Tick:  func(what string) { b.progress.Tickf("hostile: %s", what) },
	})
	if v := new(hostile.Violation); errors.As(err, &v) {
		r.Notef("BROKEN: %v", v)
		b.broken = errors.Join(b.broken, fmt.Errorf("hostile: %w", v))
	} else if err != nil {
		return err
	}
	did := r.Table(fmt.Sprintf("%v with clients that come and go at random, seed %d", b.opt.hostileTime, b.opt.seed),
		"connections", "commands", "pings beside", "while a script hung", "slowest", "verdict")
	verdict := "nothing left over"
	if err != nil {
		verdict = "BROKEN"
	}
	did.Row(res.Connections, res.Commands, res.Pings, res.Busy, res.SlowestPing.Round(time.Millisecond), verdict)
	left := r.Table("the server without clients and data", "", "used_memory", "resident MB", "descriptors", "goroutines")
	for _, s := range []struct {
		name string
		hostile.State
	}{{"after a short storm", res.Before}, {"after the long one", res.After}} {
		left.Row(s.name, s.Used, fmt.Sprintf("%.1f", float64(s.RSS)/(1<<20)), s.Descriptors, s.Goroutines)
	}
	ways := r.Table("how they vanished", "way", "times")
	for i, n := range res.Vanished {
		ways.Row(hostile.Ways[i], n)
	}
	r.Notef("clients, blocked, watched and tracked keys, subscriptions, monitors, held replies: all zero after each storm, or it would say so")
	r.Notef("the build checks freed memory and kept aliases (tag invariants) and is slower than the ordinary one")
	return nil
}
