package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the command line. Sizes are counts of keys unless they say
// otherwise.
type options struct {
	only           []string
	redis, spindle string // programs
	out            string
	json, quick    bool
	command        []string // custom test instead of the list

	requests  int
	rounds    int
	clients   int
	pipelines []int
	spaces    []int // redis-benchmark -r, 0 for one fixed key
	tests     []string
	logs      []bool // with the log off, on
	setup     string // file of commands to send before a custom test

	largeElements int
	data          []string // first words of the datasets of section commands

	memoryKeys                     int
	keys                           int
	duration                       time.Duration
	restartKeys                    int
	rewriteKeys                    int
	cycles                         int
	rewriteCycles                  int
	ballast                        int
	policies                       []string
	killRedis                      bool
	subscribers, messages, waiters int
	hostileTime                    time.Duration
	seed                           uint64
}

// quick holds what -quick changes, unless a flag says otherwise.
var quick = map[string]string{
	"n": "30000", "rounds": "3", "pipeline": "1,16", "r": "0", "log": "off",
	"tests":          "PING,GET,SET,INCR,HSET,MSET",
	"large-elements": "300000", "memory-keys": "200000", "keys": "500000", "duration": "4s", "restart-keys": "300000",
	"rewrite-keys": "500000", "cycles": "4", "rewrite-cycles": "2", "ballast": "50000",
	"subscribers": "100", "messages": "20000", "waiters": "1000", "hostile-time": "20s",
}

func parseOptions(args []string) (*options, error) {
	o := &options{logs: []bool{false, true}}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	list := func(p *[]string, name, value, usage string) {
		*p = strings.Split(value, ",")
		fs.Func(name, usage+" (default "+value+")", func(s string) error { *p = strings.Split(s, ","); return nil })
	}
	numbers := func(p *[]int, name, value, usage string) {
		*p, _ = intList(value)
		fs.Func(name, usage+" (default "+value+")", func(s string) (err error) { *p, err = intList(s); return err })
	}
	list(&o.only, "only", sectionNames(), "sections to run")
	fs.StringVar(&o.redis, "redis", "redis-server", "the reference server")
	fs.StringVar(&o.spindle, "spindle", "", "a server to measure instead of building Spindle")
	fs.StringVar(&o.out, "out", filepath.Join("bench", "results"), "directory of the results")
	fs.BoolVar(&o.json, "json", false, "write the results as JSON too")
	fs.BoolVar(&o.quick, "quick", false, "small sizes: minutes instead of hours, rough figures")

	fs.IntVar(&o.requests, "n", 100000, "speed: requests of a run without a pipeline; with one as many times that as it is deep, 32 times at most")
	fs.IntVar(&o.rounds, "rounds", 5, "speed, commands, latency: rounds, of which the median (or the sum) counts")
	fs.IntVar(&o.clients, "c", 50, "speed, latency, rewrite: connections")
	numbers(&o.pipelines, "pipeline", "1,16,128", "speed: pipeline depths")
	numbers(&o.spaces, "r", "0,1000000", "speed: key spaces, 0 for a single key; tests that know no key space run once")
	list(&o.tests, "tests", strings.Join(testNames(), ","), "speed: tests")
	fs.StringVar(&o.setup, "setup", "", "speed: `file` of inline commands to send before each run of a custom command")
	fs.Var((*logFlag)(&o.logs), "log", "speed: with the log (everysec): on, off or both (default both)")

	list(&o.data, "data", "", "commands: first words of the datasets to use")
	fs.IntVar(&o.largeElements, "large-elements", 10000000, "large: elements of a value")
	fs.IntVar(&o.memoryKeys, "memory-keys", 1000000, "memory: keys, or elements of one large value")
	fs.IntVar(&o.keys, "keys", 10000000, "latency: keys")
	fs.DurationVar(&o.duration, "duration", 10*time.Second, "latency, rewrite: time of one round under load")
	fs.IntVar(&o.restartKeys, "restart-keys", 5000000, "restart: keys")
	fs.IntVar(&o.rewriteKeys, "rewrite-keys", 5000000, "rewrite: keys")
	fs.IntVar(&o.subscribers, "subscribers", 1000, "pubsub: subscribers of the channel")
	fs.IntVar(&o.messages, "messages", 100000, "pubsub: messages")
	fs.IntVar(&o.waiters, "waiters", 10000, "pubsub: clients that wait")
	fs.IntVar(&o.cycles, "cycles", 50, "durability: kills per fsync policy")
	fs.IntVar(&o.rewriteCycles, "rewrite-cycles", 20, "durability: kills of these that hit a rewrite")
	fs.IntVar(&o.ballast, "ballast", 300000, "durability: keys that make rewrites long enough to hit")
	list(&o.policies, "policies", "always,everysec", "durability: fsync policies")
	fs.BoolVar(&o.killRedis, "kill-redis", false, "durability: put the reference server through it instead")
	fs.DurationVar(&o.hostileTime, "hostile-time", 10*time.Minute, "hostile: how long")
	fs.Uint64Var(&o.seed, "seed", 1, "latency, rewrite, durability, hostile: seed of what is random")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	o.command = fs.Args()
	if o.quick {
		if err := makeQuick(fs); err != nil {
			return nil, err
		}
	}
	return o, o.check()
}

func makeQuick(fs *flag.FlagSet) error {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range quick {
		if given[name] {
			continue
		}
		if err := fs.Set(name, value); err != nil {
			return fmt.Errorf("-quick: %s: %w", name, err)
		}
	}
	return nil
}

func (o *options) check() error {
	for _, name := range o.only {
		if !slices.ContainsFunc(sections, func(s section) bool { return s.name == name }) {
			return fmt.Errorf("unknown section %q; there are %s", name, sectionNames())
		}
	}
	for _, name := range o.tests {
		if _, ok := findTest(name); !ok {
			return fmt.Errorf("unknown test %q; there are %s", name, strings.Join(testNames(), ","))
		}
	}
	for _, n := range append([]int{o.requests, o.rounds, o.clients, o.memoryKeys, o.keys, o.restartKeys, o.rewriteKeys}, o.pipelines...) {
		if n < 1 {
			return fmt.Errorf("counts must be at least 1, not %d", n)
		}
	}
	return nil
}

// commandLine reproduces this run.
func commandLine() string {
	return strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " ")
}

func sectionNames() string {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	return strings.Join(names, ",")
}

func intList(s string) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("not a count: %q", part)
		}
		list = append(list, n)
	}
	return list, nil
}

// A logFlag is the value of -log.
type logFlag []bool

func (f *logFlag) String() string { return "" }

func (f *logFlag) Set(s string) error {
	switch s {
	case "on":
		*f = logFlag{true}
	case "off":
		*f = logFlag{false}
	case "both":
		*f = logFlag{false, true}
	default:
		return fmt.Errorf("on, off or both")
	}
	return nil
}
