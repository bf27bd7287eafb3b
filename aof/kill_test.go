package aof

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// counter is a data set for killing: a base is "COUNT n", an effect "INCR n"
// that must bring the count from n-1 to n.
func counter(o Options) (int, error) {
	n := 0
	_, err := Load(o, func(args [][]byte) error {
		switch string(args[0]) {
		case "SELECT":
			return nil
		case "COUNT":
			if n != 0 {
				return fmt.Errorf("a base behind effect %d", n)
			}
			n, _ = strconv.Atoi(string(args[1]))
			return nil
		}
		if n++; string(args[1]) != strconv.Itoa(n) {
			return fmt.Errorf("effect %s comes as number %d", args[1], n)
		}
		return nil
	}, nil)
	return n, err
}

// TestKilledProcess is not a test: it is the process that TestKill9 kills. It
// appends as fast as it can, rewrites over and over, and prints what it would have
// acknowledged.
func TestKilledProcess(t *testing.T) {
	dir := os.Getenv("AOF_KILL_DIR")
	if dir == "" {
		t.Skip("run by TestKill9")
	}
	policy, _ := ParsePolicy(os.Getenv("AOF_KILL_POLICY"))
	o := Options{Dir: dir, Name: "k", Policy: policy, LoadTruncated: true}
	n, err := counter(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	type mark struct {
		end int64
		n   int
	}
	var marks []mark
	done := func(error) {}
	for i := 0; ; i++ {
		for range 10 {
			n++
			l.Append(n%2, []byte("INCR"), strconv.AppendInt(nil, int64(n), 10))
		}
		marks = append(marks, mark{l.EndBatch(time.Now().UnixMilli()), n})
		reached := l.Written()
		if policy == Always {
			reached = l.Durable()
		}
		acked := 0
		for len(marks) > 0 && marks[0].end <= reached {
			acked, marks = marks[0].n, marks[1:]
		}
		if acked > 0 {
			os.Stdout.WriteString(fmt.Sprintf("acked %d\n", acked))
		}
		if i%50 == 0 {
			if r, err := l.BeginRewrite(done); err == nil {
				r.Append(0, []byte("COUNT"), []byte(strconv.Itoa(n)))
				r.Commit()
			}
		}
		if len(marks) > 100 {
			time.Sleep(time.Millisecond)
		}
	}
}

// TestKill9 kills a process at work, again and again on the same directory.
func TestKill9(t *testing.T) {
	for _, policy := range []Policy{Always, EverySec} {
		seed := time.Now().UnixNano()
		rng := rand.New(rand.NewSource(seed))
		dir := t.TempDir()
		o := Options{Dir: dir, Name: "k", LoadTruncated: true}
		before := 0
		for cycle := range 6 {
			acked := runAndKill(t, dir, policy, time.Duration(20+rng.Intn(150))*time.Millisecond)
			n, err := counter(o)
			if err != nil || n < acked || n < before {
				t.Fatalf("seed %d, %v, cycle %d: %d effects after %d acknowledged, %d before; %v", seed, policy, cycle, n, acked, before, err)
			}
			before = n
		}
		if before == 0 {
			t.Fatalf("%v: the process never did anything", policy)
		}
	}
}

// runAndKill returns the last acknowledgement.
func runAndKill(t *testing.T, dir string, policy Policy, after time.Duration) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$", "-test.v")
	cmd.Env = append(os.Environ(), "AOF_KILL_DIR="+dir, "AOF_KILL_POLICY="+policy.String())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	acked := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "acked "); ok {
			acked, _ = strconv.Atoi(text)
			if !killed {
				killed = true
				time.AfterFunc(after, func() { cmd.Process.Kill() })
			}
		} else if strings.Contains(lines.Text(), "FAIL") || strings.Contains(lines.Text(), "_test.go") {
			t.Error(lines.Text())
		}
	}
	if err := cmd.Wait(); err == nil || !killed {
		t.Fatalf("the process ended by itself: %v", err)
	}
	return acked
}
