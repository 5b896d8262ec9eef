//go:build !linux

package engine

import "os/exec"

// startChild starts the engine and closes exited when it is gone. Only Linux
// can promise that it does not outlive a killed parent.
func startChild(cmd *exec.Cmd, exited chan<- struct{}) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait() // how it ended is in what it printed
		close(exited)
	}()
	return nil
}
