// Adapter for os/exec: docs/adapter.md has the protocol.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

var can = []string{
	"spawn", "cwd", "env", "stdin", "stdout", "stderr", "pdeathsig", "write", "close", "read", "communicate", "wait",
	"kill", "terminate", "group", "run", "forget", "reap", "handle", "open", "shut", "await", "together",
}

type request struct {
	ID                                  int
	Op, Child, Program, Cwd, Path, From string
	Arguments, Env                      []string
	Stdin, Stdout, Stderr               string
	Pdeathsig, Group                    bool
	Size                                int
	First, Second                       []request
}

type members map[string]any

var errCannot = errors.New("no such operation")

type child struct {
	cmd      *exec.Cmd
	stdin    io.WriteCloser
	stdout   io.Reader // nil where the output is collected
	out, err bytes.Buffer
}

type adapter struct {
	lock     sync.Mutex // of the table, for a look-up alone
	children map[string]*child
	opened   *os.File
}

func (a *adapter) perform(r *request) (members, error) {
	switch r.Op {
	case "ping", "end":
		return members{}, nil
	case "spawn":
		return a.spawn(r)
	case "write":
		n, err := a.child(r).stdin.Write(make([]byte, r.Size))
		return members{"written": n}, err
	case "close":
		return members{}, a.child(r).stdin.Close()
	case "read":
		n, err := io.Copy(io.Discard, a.child(r).stdout)
		return members{"size": n}, err
	case "communicate":
		return communicate(a.child(r), make([]byte, r.Size))
	case "wait":
		return wait(a.child(r).cmd)
	case "kill":
		return members{}, a.child(r).cmd.Process.Kill()
	case "terminate":
		return members{}, a.child(r).cmd.Process.Signal(syscall.SIGTERM)
	case "group":
		return members{}, syscall.Kill(-a.child(r).cmd.Process.Pid, syscall.SIGKILL)
	case "run":
		return members{}, exec.Command(r.Program, r.Arguments...).Run()
	case "forget":
		a.forget(r)
		return members{}, nil
	case "reap":
		return members{"pids": reap()}, nil
	case "handle":
		signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1)
		return members{}, nil
	case "open":
		return members{}, a.open(r)
	case "shut":
		return members{}, a.opened.Close()
	case "await":
		return members{}, await(r)
	case "together":
		return a.together(r)
	}
	return nil, errCannot
}

func (a *adapter) child(r *request) *child {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.children[r.Child]
}

func (a *adapter) keep(r *request, c *child) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.children[r.Child] = c
}

func (a *adapter) forget(r *request) {
	a.lock.Lock()
	delete(a.children, r.Child)
	a.lock.Unlock()
	runtime.GC()
}

func (a *adapter) spawn(r *request) (members, error) {
	c, err := prepare(r)
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	a.keep(r, c)
	return members{"pid": c.cmd.Process.Pid}, nil
}

func prepare(r *request) (*child, error) {
	c := &child{cmd: exec.Command(r.Program, r.Arguments...)}
	c.cmd.Dir = r.Cwd
	if r.Env != nil {
		c.cmd.Env = append(os.Environ(), r.Env...)
	}
	if r.Pdeathsig {
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	}
	if r.Group {
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	return c, c.connect(r)
}

// connect gives the child its standard streams. Who wants the output and the errors collects them in buffers, as the
// documentation has it: nothing reads from two pipes at once.
func (c *child) connect(r *request) (err error) {
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if r.Stderr != "" {
		c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.err
	} else if r.Stdout != "" {
		c.cmd.Stdout = nil
		if c.stdout, err = c.cmd.StdoutPipe(); err != nil {
			return err
		}
	}
	if r.Stdin != "" {
		c.cmd.Stdin = nil
		c.stdin, err = c.cmd.StdinPipe()
	}
	return err
}

func communicate(c *child, input []byte) (members, error) {
	go func() {
		defer c.stdin.Close()
		c.stdin.Write(input)
	}()
	if c.stdout != nil {
		if _, err := io.Copy(&c.out, c.stdout); err != nil {
			return nil, err
		}
	}
	answer, err := wait(c.cmd)
	if err != nil {
		return nil, err
	}
	answer["stdout"], answer["stderr"] = c.out.Len(), c.err.Len()
	return answer, nil
}

func wait(cmd *exec.Cmd) (members, error) {
	var ended *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &ended) {
		return nil, err
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return members{"signal": int(status.Signal())}, nil
	}
	return members{"exit": status.ExitStatus()}, nil
}

func reap() []int {
	pids := []int{}
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err != nil || pid == 0 {
			return pids
		}
		pids = append(pids, pid)
	}
}

func (a *adapter) open(r *request) (err error) {
	bytes, err := os.ReadFile(r.From)
	if err != nil {
		return err
	}
	if a.opened, err = os.OpenFile(r.Path, os.O_CREATE|os.O_WRONLY, 0755); err != nil {
		return err
	}
	_, err = a.opened.Write(bytes)
	return err
}

func await(r *request) error {
	file, err := os.Open(r.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Read(make([]byte, 1))
	return err
}

func (a *adapter) together(r *request) (members, error) {
	var barrier, over sync.WaitGroup
	barrier.Add(2)
	over.Add(2)
	play := func(list []request, answers *[]members) {
		defer over.Done()
		barrier.Done()
		barrier.Wait()
		for i := range list {
			*answers = append(*answers, a.answer(&list[i]))
		}
	}
	var first, second []members
	go play(r.First, &first)
	go play(r.Second, &second)
	over.Wait()
	return members{"first": first, "second": second}, nil
}

func (a *adapter) answer(r *request) members {
	result, err := a.perform(r)
	switch err {
	case nil:
		return members{"ok": result}
	case errCannot:
		return members{"cannot": true}
	}
	return members{"error": err.Error()}
}

func serve(requests io.Reader, answers io.Writer) error {
	out := json.NewEncoder(answers)
	out.Encode(members{"adapter": 1, "name": "go", "version": runtime.Version(), "pid": os.Getpid(), "can": can})
	a := &adapter{children: map[string]*child{}}
	for lines := bufio.NewReader(requests); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		answer := a.answer(&r)
		answer["id"] = r.ID
		out.Encode(answer)
		if r.Op == "end" {
			return nil
		}
	}
}

func main() {
	requests, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	answers, err := os.OpenFile(os.Args[2], os.O_WRONLY, 0)
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(requests, answers); err != nil {
		log.Fatal(err)
	}
}
