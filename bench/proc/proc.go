// Package proc measures processes from outside: processor time, resident
// memory, and the cores they may run on. It reads what Linux offers; elsewhere
// every measurement answers ErrUnsupported and the benchmark says so.
package proc

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// ErrUnsupported says that this system does not offer a measurement.
var ErrUnsupported = errors.New("not offered by this system")

// Machine describes the hardware, the operating system and what else the
// machine was doing, in one line.
func Machine() string {
	parts := []string{cpuModel(), plural(runtime.NumCPU(), "core"), memory(), kernel(), load()}
	var known []string
	for _, p := range parts {
		if p != "" {
			known = append(known, p)
		}
	}
	return strings.Join(known, ", ")
}

// kernel is the system's name and release.
func kernel() string {
	out, err := exec.Command("uname", "-srm").Output()
	if err != nil {
		return runtime.GOOS + " " + runtime.GOARCH
	}
	return strings.TrimSpace(string(out))
}

// load is the number of runnable threads of the last minute, which tells how
// far to trust a measurement.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	one, _, _ := strings.Cut(string(b), " ")
	return "load average " + one + " at the start"
}

// field returns the rest of the line of a /proc file that starts with name and
// a colon.
func field(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		k, v, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
