// Profile makes default.pgo, the profile that the compiler optimises Spindle for: it builds the server with profiling,
// has redis-benchmark drive the commands that matter most at several pipeline depths, with the log on and off, and merges what was seen.
//
//	go run ./bench/profile
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"spindle/bench/servers"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	root, err := servers.Root()
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "spindle-profile")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	bin := filepath.Join(tmp, "spindle")
	build := exec.Command("go", "build", "-tags", "profile", "-pgo=off", "-o", bin, ".")
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	var profiles []string
	for _, log := range []string{"no", "yes"} {
		p := filepath.Join(tmp, "cpu-"+log)
		if err := record(bin, p, log); err != nil {
			return err
		}
		profiles = append(profiles, p)
	}
	merge := exec.Command("go", append([]string{"tool", "pprof", "-proto", "-output", filepath.Join(root, "default.pgo")}, profiles...)...)
	merge.Stderr = os.Stderr
	return merge.Run()
}

// record runs the benchmark against a server that writes its profile to out.
func record(bin, out, log string) error {
	s, err := servers.Setup{Env: []string{"SPINDLE_CPUPROFILE=" + out}}.Start(bin, "--appendonly", log)
	if err != nil {
		return err
	}
	defer s.Stop()
	for _, depth := range []int{1, 16, 128} {
		n := 100_000 * min(depth, 20)
		fmt.Printf("log %s, pipeline %d\n", log, depth)
		b := exec.Command("redis-benchmark", "-p", strconv.Itoa(s.Port), "-c", "50", "-d", "16", "-r", "100000", "-q",
			"-P", strconv.Itoa(depth), "-n", strconv.Itoa(n), "-t", "ping,set,get,incr,hset,mset,lpush,rpop,sadd,zadd")
		if text, err := b.CombinedOutput(); err != nil {
			return fmt.Errorf("redis-benchmark: %w\n%s", err, text)
		}
	}
	if err := syscall.Kill(s.Pid(), syscall.SIGTERM); err != nil {
		return err
	}
	for range 100 {
		if !s.Alive() {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the server does not end")
}
