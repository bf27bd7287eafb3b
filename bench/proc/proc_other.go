//go:build !linux

package proc

import (
	"os/exec"
	"time"
)

// CPU is not offered here.
func CPU(pid int) (time.Duration, error) { return 0, ErrUnsupported }

// UserCPU is not offered here.
func UserCPU(pid int) (time.Duration, error) { return 0, ErrUnsupported }

// RSS is not offered here.
func RSS(pid int) (int64, error) { return 0, ErrUnsupported }

// Peak is not offered here.
func Peak(pid int) (int64, error) { return 0, ErrUnsupported }

// ResetPeak is not offered here.
func ResetPeak(pid int) error { return ErrUnsupported }

// Private is not offered here.
func Private(pid int) (int64, error) { return 0, ErrUnsupported }

// Cores is not offered here: the list is empty.
func Cores() []int { return nil }

// PinSelf is not offered here.
func PinSelf(cores ...int) error { return ErrUnsupported }

// StartOn starts the command on any core.
func StartOn(cmd *exec.Cmd, cores ...int) error { return cmd.Start() }

func cpuModel() string { return "" }

func memory() string { return "" }
