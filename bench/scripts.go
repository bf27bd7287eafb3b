package main

import (
	"crypto/sha1"
	"encoding/hex"

	"spindle/bench/client"
	"spindle/bench/report"
)

// Small scripts as applications have them, through redis-benchmark like the commands of the section speed.

const (
	rateLimiter = "local c = redis.call('incr', KEYS[1]) if c == 1 then redis.call('expire', KEYS[1], ARGV[1]) end return c"
	queueStep   = "redis.call('lpush', KEYS[1], ARGV[1]) local v = redis.call('rpoplpush', KEYS[1], KEYS[2]) redis.call('rpop', KEYS[2]) return v"
	counting    = "local n = 0 for i = 1, 1000 do n = n + i % 7 end return n"
)

// goalScripts names the goal of scripts.
const goalScripts = "scripts"

var scriptTests = []test{
	{name: "rate limiter", args: []string{"EVAL", rateLimiter, "1", "rl:__rand_int__", "60"}, spaced: true, goal: goalScripts},
	{name: "rate limiter by SHA1", args: []string{"EVALSHA", sha1Hex(rateLimiter), "1", "rl:__rand_int__", "60"}, spaced: true, goal: goalScripts,
		fill: loadScript(rateLimiter)},
	{name: "queue step", args: []string{"EVAL", queueStep, "2", "waiting", "active", value16}, goal: goalScripts},
	{name: "1000 additions", args: []string{"EVAL", counting, "0"}}, // what the interpreter costs: no goal
}

func (b *bench) scripts(r *report.Report) error { return b.speedOf(r, scriptTests) }

// sha1Hex is the name by which servers know a script.
func sha1Hex(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// loadScript makes a script known to a server.
func loadScript(text string) func(addr string, n, space int) error {
	return func(addr string, _, _ int) error {
		c, err := client.Dial(addr)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Do("SCRIPT", "LOAD", text)
		return err
	}
}
