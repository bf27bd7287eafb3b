package proc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the processor time that the process has used so far, in all its
// threads, ended ones included. It reads the process's clock, which counts
// nanoseconds where /proc/PID/stat counts hundredths of a second.
func CPU(pid int) (time.Duration, error) { return clock(pid, 2) }

// UserCPU is the part of CPU spent in the program itself, not in system calls. Kernels that only sample at
// their ticks know it to some hundredths of a second.
func UserCPU(pid int) (time.Duration, error) { return clock(pid, 1) }

// clock reads a clock of a whole process. See clock_getcpuclockid(3): the complement of the pid, and three bits of
// which the lower two say what is counted, 1 for user time, 2 for what the scheduler saw.
func clock(pid, what int) (time.Duration, error) {
	id := int32(^pid<<3 | what)
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}

// RSS is the resident memory of the process in bytes.
func RSS(pid int) (int64, error) { return status(pid, "VmRSS") }

// Peak is the largest resident memory since ResetPeak, in bytes.
func Peak(pid int) (int64, error) { return status(pid, "VmHWM") }

// ResetPeak lets Peak start again from the present resident memory.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// Private is the memory that only this process maps, in bytes: for a forked
// child, what copying on write has cost so far. The kernel walks the page
// tables for it, so it is not free for the process looked at.
func Private(pid int) (int64, error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	clean, err := kilobytes(field(path, "Private_Clean"))
	if err != nil {
		return 0, err
	}
	dirty, err := kilobytes(field(path, "Private_Dirty"))
	return clean + dirty, err
}

func status(pid int, name string) (int64, error) {
	return kilobytes(field(fmt.Sprintf("/proc/%d/status", pid), name))
}

func kilobytes(s string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(s, " kB"), 10, 64)
	if err != nil {
		return 0, ErrUnsupported
	}
	return n << 10, nil
}

// Cores lists the cores that this process may run on.
func Cores() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var cores []int
	for i := range 1024 {
		if set.IsSet(i) {
			cores = append(cores, i)
		}
	}
	return cores
}

// PinSelf confines all threads of this process to the cores, and so every
// thread and child that they start later.
func PinSelf(cores ...int) error {
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return err
	}
	set := setOf(cores)
	for _, t := range tasks {
		tid, _ := strconv.Atoi(filepath.Base(t))
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return err
		}
	}
	runtime.GOMAXPROCS(len(cores))
	return nil
}

// StartOn starts the command confined to the cores from its first instruction
// on, so that a runtime which counts its cores counts these. A child inherits
// the cores of the thread that forks it.
func StartOn(cmd *exec.Cmd, cores ...int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		return err
	}
	set := setOf(cores)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &old)
	return cmd.Start()
}

func setOf(cores []int) (set unix.CPUSet) {
	for _, c := range cores {
		set.Set(c)
	}
	return set
}

func cpuModel() string { return field("/proc/cpuinfo", "model name") }

func memory() string {
	kb, err := kilobytes(field("/proc/meminfo", "MemTotal"))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%.0f GiB", float64(kb)/(1<<30))
}
