"""Go: os/exec, signals and process groups, linked to libc and static"""

import os
import pathlib

PACKAGES = ("gcc", "golang-go", "libc6-dev")
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
package main

LINK
import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

func tell(name string, value ...any) {
	fmt.Println(name+":", strings.TrimSpace(fmt.Sprintln(value...)))
}

func main() {
	out, err := exec.Command("sh", "-c", "echo out; echo err >&2; exit 5").CombinedOutput()
	tell("output", strings.Fields(string(out)), err)

	cat := exec.Command("cat")
	cat.Stdin = bytes.NewReader(make([]byte, 1<<20))
	out, err = cat.Output()
	tell("cat", len(out), err)

	sleeper := exec.Command("sleep", "1000")
	tell("start", sleeper.Start())
	tell("signal", sleeper.Process.Signal(syscall.SIGTERM))
	tell("its end", sleeper.Wait())
	tell("signal after its end", sleeper.Process.Signal(syscall.SIGTERM))
	tell("kill after its end", sleeper.Process.Kill())
	tell("number after its end", syscall.Kill(sleeper.Process.Pid, 0))

	limited, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	tell("context", exec.CommandContext(limited, "sleep", "1000").Run())

	_, err = exec.LookPath("no-such-program")
	tell("no such program", errors.Is(err, exec.ErrNotFound))
	tell("no such path", exec.Command("/no/such/program").Run())

	group := exec.Command("sh", "-c", "sleep 1000 & echo; wait")
	group.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ready, _ := group.StdoutPipe()
	tell("group", group.Start())
	ready.Read(make([]byte, 1))
	tell("group killed", syscall.Kill(-group.Process.Pid, syscall.SIGKILL))
	io.Copy(io.Discard, ready)
	tell("group's end", group.Wait())

	session := exec.Command("sh", "-c", "test $(ps -o sid= -p $$) = $$")
	session.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	tell("session", session.Run())

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	tell("notified", <-signals)

	only := exec.Command("sh", "-c", "pwd; echo $ONLY")
	only.Dir, only.Env = "/usr", []string{"ONLY=this"}
	out, err = only.Output()
	tell("directory and environment", strings.Fields(string(out)), err)

	var all sync.WaitGroup
	var lock sync.Mutex
	sum := 0
	for i := 0; i < 200; i++ {
		all.Add(1)
		go func(status int) {
			defer all.Done()
			child := exec.Command("sh", "-c", fmt.Sprintf("exit %d", status))
			child.Run()
			lock.Lock()
			sum += child.ProcessState.ExitCode()
			lock.Unlock()
		}(i % 7)
	}
	all.Wait()
	tell("many", sum)

	raw, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 6"}, &os.ProcAttr{})
	tell("StartProcess", err)
	var status syscall.WaitStatus
	reaped, err := syscall.Wait4(-1, &status, 0, nil)
	tell("Wait4 of any", reaped == raw.Pid, status.ExitStatus(), err)
	_, err = syscall.Wait4(-1, &status, 0, nil)
	tell("no child left", err)
	syscall.Exec("/bin/sh", []string{"sh", "-c", "echo exec: done; exit 3"}, os.Environ())
}
"""


def scenario(scene):
    settings = os.environ | {"GO111MODULE": "off", "GOPROXY": "off"}
    for name, link, cgo in (("libc", 'import "C"', "1"), ("static", "", "0")):
        pathlib.Path(f"{name}.go").write_text(PROGRAM.replace("LINK", link), encoding="utf-8")
        scene.bare(["go", "build", "-o", f"./{name}", f"{name}.go"], timeout=280, env=settings | {"CGO_ENABLED": cgo})
        scene.told([f"./{name}"], prefix=f"{name}, ")
