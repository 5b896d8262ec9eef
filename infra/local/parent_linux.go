package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	// Keep main on the main thread, which lasts as long as the process: the
	// kernel holds what stopWithGoRun asks for on the thread that asks.
	runtime.LockOSThread()
}

// stopWithGoRun asks the kernel to stop this program when `go run`, which
// started it, is killed (prctl(2), PR_SET_PDEATHSIG). A program that somebody
// started in the background from a shell goes on.
func stopWithGoRun() {
	defer runtime.UnlockOSThread()
	parent := os.Getppid()
	name, err := os.ReadFile("/proc/" + strconv.Itoa(parent) + "/comm")
	if err != nil || strings.TrimSpace(string(name)) != "go" {
		return
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0, 0, 0); err != nil {
		return // it then goes on until it is stopped itself
	}
	if os.Getppid() != parent { // killed in between
		os.Exit(1)
	}
}
