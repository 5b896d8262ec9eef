package engine

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// chosen returns how to run the engine that FABRIQUE_ENGINE names: "dynoxide"
// (default) or "dynamodb-local".
func chosen(o Options) (func(port int) *exec.Cmd, error) {
	switch name := named(); name {
	case dynoxideName:
		return dynoxide(o)
	case "dynamodb-local":
		return dynamoDBLocal(o)
	default:
		return nil, fmt.Errorf(`FABRIQUE_ENGINE is %q: set it to "dynoxide" or "dynamodb-local"`, name)
	}
}

const dynoxideName = "dynoxide"

// named is the engine that the environment asks for.
func named() string { return cmp.Or(os.Getenv("FABRIQUE_ENGINE"), dynoxideName) }

// dynoxide finds the binary that npm installed for the module, or one on PATH.
func dynoxide(o Options) (func(port int) *exec.Cmd, error) {
	binary, err := exec.LookPath("dynoxide")
	if root, found := ModuleRoot(); found && runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		installed := filepath.Join(root, "node_modules", "@dynoxide", "linux-x64", "dynoxide")
		if info, statErr := os.Stat(installed); statErr == nil && info.Mode()&0o111 != 0 {
			binary, err = installed, nil
		}
	}
	if err != nil {
		return nil, errors.New("the DynamoDB engine dynoxide is missing: run `npm ci` (Linux x64), " +
			"or install dynoxide on your PATH, or set DYNAMODB_ENDPOINT to a running engine")
	}
	if o.DataFile != "" {
		if err := sow(o.DataFile); err != nil {
			return nil, err
		}
	}
	return func(port int) *exec.Cmd {
		args := []string{"serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port)}
		if o.DataFile != "" {
			args = append(args, "--db-path", o.DataFile)
		}
		return exec.Command(binary, args...)
	}, nil
}

// dynamoDBLocal finds Amazon's engine where Maven put it
// (infra/local/dynamodb-local/pom.xml); flags:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html
func dynamoDBLocal(o Options) (func(port int) *exec.Cmd, error) {
	directory := os.Getenv("DYNAMODB_LOCAL_DIR")
	if root, found := ModuleRoot(); directory == "" && found {
		directory = filepath.Join(root, ".tools", "dynamodb-local")
	}
	if jars, _ := filepath.Glob(filepath.Join(directory, "DynamoDBLocal-*.jar")); len(jars) == 0 {
		return nil, errors.New("Amazon's DynamoDB Local is missing: run `make tools ENGINE=dynamodb-local`, " +
			"or set DYNAMODB_LOCAL_DIR to the folder of its jars")
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, errors.New("Java is missing, which Amazon's DynamoDB Local needs: install Java 17 or later")
	}
	return func(port int) *exec.Cmd {
		args := []string{
			"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", // starts a second sooner on two cores
			"-Djava.library.path=" + directory, "-cp", filepath.Join(directory, "*"),
			"software.amazon.dynamodb.services.local.main.ServerRunner",
			"-port", strconv.Itoa(port), "-sharedDb", "-disableTelemetry",
		}
		if o.DataFile != "" {
			return exec.Command(java, append(args, "-dbPath", filepath.Dir(o.DataFile))...)
		}
		return exec.Command(java, append(args, "-inMemory")...)
	}, nil
}

// ModuleRoot is the folder of go.mod, at or above the working directory.
func ModuleRoot() (directory string, found bool) {
	directory, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory, true
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", false
		}
		directory = parent
	}
}
