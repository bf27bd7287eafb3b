package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"spindle/bench/durability"
	"spindle/bench/report"
	"spindle/bench/servers"
)

func (b *bench) durability(r *report.Report) error {
	who := spindle
	if b.opt.killRedis {
		who = redis
	}
	t := r.Table(fmt.Sprintf("%v, killed with SIGKILL under pipelined writes", who),
		"appendfsync", "kills", "in a rewrite", "acknowledged", "back", "lost", "at most", "oldest lost", "verdict")
	for _, policy := range b.opt.policies {
		res, err := durability.Run(durability.Config{
			Policy: policy, Cycles: b.opt.cycles, Rewrites: b.opt.rewriteCycles, Ballast: b.opt.ballast, Seed: b.opt.seed,
			Start: func(args ...string) (*servers.Server, error) { return b.start(who, setting{}, args...) },
			Tick: func(cycle int, what string) {
				b.progress.Stepf("durability: %s, cycle %d of %d: %s", policy, cycle, b.opt.cycles, what)
			},
		})
		verdict := "kept"
		if v := new(durability.Violation); errors.As(err, &v) {
			verdict = "BROKEN"
			r.Notef("%s: %v", policy, v)
			b.broken = errors.Join(b.broken, fmt.Errorf("durability: %s: %w", policy, v))
		} else if err != nil {
			return fmt.Errorf("%s: %w", policy, err)
		}
		t.Row(policy, res.Cycles, res.RewriteKills, res.Acked, res.Recovered, res.Lost, res.MaxLost,
			res.MaxLostAge.Round(time.Millisecond), verdict)
		if len(res.Skipped) > 0 {
			r.Notef("%s: not known to the server and so not written: %s", policy, strings.Join(res.Skipped, ", "))
		}
	}
	r.Notef("promises: always loses no acknowledged write, everysec none older than %v; what comes back is a prefix of what each connection sent, each effect once", durability.MaxLoss)
	r.Notef("a killed process leaves its writes in the page cache: this shows the order of writing and acknowledging, not what a power cut does")
	return nil
}
