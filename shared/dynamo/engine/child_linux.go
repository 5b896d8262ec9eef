package engine

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startChild starts the engine so that the kernel kills it when this program
// ends in any way, and closes exited when it is gone.
//
// The kernel sends the signal when the thread that made the child ends
// (prctl(2), PR_SET_PDEATHSIG), so that thread is kept for the child's life.
// A process group of its own keeps the terminal's Ctrl-C from it.
func startChild(cmd *exec.Cmd, exited chan<- struct{}) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in what it printed
			close(exited)
		}
	}()
	return <-started
}
