// Command compare sends the same commands to Spindle and to redis-server and
// compares what they answer, byte for byte.
//
//	go run ./bench/compare                         the corpus, over RESP2 and RESP3
//	go run ./bench/compare hash string_set         only these files of it
//	go run ./bench/compare -random 20000 -seed 1 -families string,hash -encodings both
//
// It builds and starts both servers on free ports unless it is given their
// addresses. Exit status: 0 no divergence, 1 divergence, 2 could not run.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"spindle/bench/compare/internal/corpus"
	"spindle/bench/compare/internal/pair"
	"spindle/bench/compare/internal/random"
	"spindle/bench/servers"
)

type options struct {
	spindle, redis string
	corpus         string
	random         int
	seed           uint64
	seeds          int
	families       string
	encodings      string
	failures       int
	strict         bool
	verbose        bool
	files          []string
}

func main() {
	var o options
	flag.StringVar(&o.spindle, "spindle", "", "`address` of a running server to test; default: build and start one")
	flag.StringVar(&o.redis, "redis", "", "`address` of a running reference; default: start redis-server from PATH")
	flag.StringVar(&o.corpus, "corpus", "", "`directory` of the scripts; default: bench/corpus of this module")
	flag.IntVar(&o.random, "random", 0, "send this `number` of random commands instead of the corpus")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the random mode")
	flag.IntVar(&o.seeds, "seeds", 1, "run the random mode with this `number` of seeds, from -seed upwards")
	flag.StringVar(&o.families, "families", "", "for the random mode, separated by commas; default: all that Spindle has; there are "+strings.Join(random.Families(), ","))
	flag.StringVar(&o.encodings, "encodings", "both", "small, large or both")
	flag.IntVar(&o.failures, "failures", 1, "divergences per seed to look for in random mode")
	flag.BoolVar(&o.strict, "strict", false, "files and families that Spindle lacks commands for count as divergences")
	flag.BoolVar(&o.verbose, "v", false, "name every file as it is done")
	flag.Parse()
	o.files = flag.Args()
	divergences, err := run(o)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	case divergences > 0:
		os.Exit(1)
	}
}

// run does all the work, so that its deferred clean-up happens before exit.
func run(o options) (divergences int, err error) {
	p, stop, err := connect(o)
	if err != nil {
		return 0, err
	}
	defer stop()
	stopOnSignal(stop)
	if o.random > 0 {
		return runRandom(p, o)
	}
	return runCorpus(p, o)
}

// connect starts what is not already running.
func connect(o options) (*pair.Pair, func(), error) {
	p := pair.New(o.redis, o.spindle)
	var started []*servers.Server
	stop := func() {
		p.Close()
		for _, s := range started {
			s.Stop()
		}
		servers.Clean()
	}
	start := func(side *pair.Side, how func(...string) (*servers.Server, error)) error {
		if side.Addr != "" {
			return nil
		}
		s, err := how()
		if err != nil {
			return err
		}
		started = append(started, s)
		side.Addr = s.Addr
		side.Restart = func() error {
			fmt.Printf("%s died; the end of its log:\n%s\n", side.Name, s.LogTail(40))
			return s.Restart()
		}
		return nil
	}
	err := start(p.Ref, servers.Redis)
	if err == nil {
		err = start(p.Sub, servers.Spindle)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return p, stop, nil
}

func stopOnSignal(stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-c
		stop()
		os.Exit(2)
	}()
}

func runCorpus(p *pair.Pair, o options) (int, error) {
	files, err := selectFiles(o)
	if err != nil {
		return 0, err
	}
	total, ran := 0, 0
	for _, f := range files {
		missing, err := p.Missing(f.Needs)
		if err != nil {
			return total, err
		}
		if len(missing) > 0 {
			fmt.Printf("%s: skipped, Spindle lacks %s\n", f.Path, strings.Join(missing, " "))
			if o.strict {
				total++
			}
			continue
		}
		for _, proto := range f.Protos {
			start := time.Now()
			failures, err := corpus.Run(p, f, proto)
			for _, d := range failures {
				fmt.Println(d)
			}
			total += len(failures)
			ran += len(f.Steps)
			if err != nil { // a server that hangs or died; the next file may fare better
				fmt.Println(err)
				total++
			}
			if o.verbose {
				fmt.Printf("%s RESP%d: %d steps, %d divergences, %v\n", f.Path, proto, len(f.Steps), len(failures), time.Since(start).Round(time.Millisecond))
			}
		}
	}
	fmt.Printf("%d steps, %d divergences\n", ran, total)
	return total, p.Reset() // running servers are left as they were found
}

func selectFiles(o options) ([]*corpus.File, error) {
	dir := o.corpus
	if dir == "" {
		root, err := servers.Root()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(root, "bench", "corpus")
	}
	files, err := corpus.Load(filepath.Join(dir, "*.txt"))
	if err != nil || len(o.files) == 0 {
		return files, err
	}
	var out []*corpus.File
	for _, name := range o.files {
		name = strings.TrimSuffix(filepath.Base(name), ".txt")
		i := slices.IndexFunc(files, func(f *corpus.File) bool { return f.Name() == name })
		if i < 0 {
			return nil, fmt.Errorf("no corpus file %q in %s", name, dir)
		}
		out = append(out, files[i])
	}
	return out, nil
}

func runRandom(p *pair.Pair, o options) (int, error) {
	families, lacking, err := random.Available(p, o.families)
	if err != nil {
		return 0, err
	}
	total := 0
	if len(lacking) > 0 {
		fmt.Println("Spindle lacks", strings.Join(lacking, " "))
		if o.strict {
			total++
		}
	}
	for seed := o.seed; seed < o.seed+uint64(max(o.seeds, 1)); seed++ {
		start := time.Now()
		found, err := random.Run(p, random.Options{
			Count: o.random, Seed: seed, Families: families, Lacking: lacking, Encodings: o.encodings, Failures: o.failures,
		})
		for _, d := range found {
			fmt.Println(d)
		}
		if err != nil {
			return total, err
		}
		fmt.Printf("seed %d: %d random commands over %s, %d divergences, %v\n",
			seed, o.random, strings.Join(families, ","), len(found), time.Since(start).Round(time.Millisecond))
		total += len(found)
	}
	return total, nil
}
