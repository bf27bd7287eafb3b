package proc

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

func TestCPUCountsWork(t *testing.T) {
	before, err := CPU(os.Getpid())
	if errors.Is(err, ErrUnsupported) {
		t.Skip("skipped: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
	}
	after, err := CPU(os.Getpid())
	if err != nil || after-before < 5*time.Millisecond {
		t.Fatalf("%v of processor time for 50 ms of work, %v", after-before, err)
	}
}

func TestMemory(t *testing.T) {
	rss, err := RSS(os.Getpid())
	if errors.Is(err, ErrUnsupported) {
		t.Skip("skipped: ", err)
	}
	peak, perr := Peak(os.Getpid())
	if err != nil || perr != nil || rss < 1<<20 || peak < rss/2 {
		t.Fatalf("resident %d, %v; peak %d, %v", rss, err, peak, perr)
	}
}

func TestStartOnPinsTheChildAlone(t *testing.T) {
	cores := Cores()
	if len(cores) < 2 {
		t.Skip("skipped: this needs two cores and a system that pins")
	}
	cmd := exec.Command("sleep", "10")
	if err := StartOn(cmd, cores[1]); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	got := field("/proc/"+strconv.Itoa(cmd.Process.Pid)+"/status", "Cpus_allowed_list")
	if got != strconv.Itoa(cores[1]) {
		t.Fatalf("the child may run on %q, want %d", got, cores[1])
	}
	if now := Cores(); len(now) != len(cores) {
		t.Fatalf("we may run on %v, before on %v", now, cores)
	}
}
