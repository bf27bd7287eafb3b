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
	after := before
	start := time.Now() // others may have the processor for most of the time
	for after-before < 20*time.Millisecond && err == nil && time.Since(start) < 20*time.Second {
		after, err = CPU(os.Getpid())
	}
	if took := time.Since(start); err != nil || after-before < 20*time.Millisecond || after-before > 50*took {
		t.Fatalf("%v of processor time for %v of work, %v", after-before, took, err)
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
