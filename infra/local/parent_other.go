//go:build !linux

package main

// stopWithGoRun does nothing: only Linux can tie a program to its parent.
func stopWithGoRun() {}
