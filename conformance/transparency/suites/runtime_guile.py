"""Guile: system*, pipes, primitive-fork, waitpid, signals"""

import pathlib

PACKAGES = ("guile-3.0",)
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
(use-modules (ice-9 popen) (ice-9 rdelim) (ice-9 textual-ports))
(define (tell name . value) (format #t "~a: ~s~%" name value) (force-output))
(define (refused thunk) (catch 'system-error thunk (lambda e (strerror (system-error-errno e)))))
(define (child thunk) (let ((pid (primitive-fork))) (if (zero? pid) (begin (thunk) (primitive-exit 0)) pid)))

(tell "system" (status:exit-val (system "exit 5")) (status:term-sig (system "kill -9 $$")))
(tell "system*" (status:exit-val (system* "sh" "-c" "exit 4")) (status:exit-val (system* "true")))
(let* ((pipe (open-input-pipe "echo out; exit 6")) (line (read-line pipe)))
  (tell "input pipe" line (status:exit-val (close-pipe pipe))))
(let ((pipe (open-output-pipe "cat >file")))
  (display "to a pipe" pipe)
  (tell "output pipe" (close-pipe pipe) (call-with-input-file "file" get-string-all)))
(let ((pipe (open-pipe* OPEN_BOTH "head" "-c1")))
  (display "x" pipe) (force-output pipe)
  (let ((back (read-char pipe))) (tell "both" back (eof-object? (read-char pipe)) (close-pipe pipe))))
(let ((pid (child (lambda () (primitive-exit 7)))))
  (tell "fork" (status:exit-val (cdr (waitpid pid)))))
(let ((pid (child (lambda () (execlp "sleep" "sleep" "1000")))))
  (tell "wait without waiting" (car (waitpid pid WNOHANG)))
  (kill pid SIGTERM)
  (tell "killed" (status:term-sig (cdr (waitpid pid))))
  (tell "kill after its end" (refused (lambda () (kill pid 0)))))
(tell "wait without a child" (refused (lambda () (waitpid -1))))
(let ((pids (map (lambda (i) (child (lambda () (primitive-exit (modulo i 7))))) (iota 100))))
  (tell "many" (apply + (map (lambda (pid) (status:exit-val (cdr (waitpid pid)))) pids))))
(let ((told 0))
  (sigaction SIGUSR1 (lambda (number) (set! told (+ told 1))))
  (kill (getpid) SIGUSR1)
  (while (zero? told) (usleep 1000))
  (tell "signal to itself" told))
(tell "exec fails" (refused (lambda () (execl "/no/such/program"))))
(exit 3)
"""


def scenario(scene):
    pathlib.Path("program.scm").write_text(PROGRAM, encoding="utf-8")
    scene.told(["guile", "--no-auto-compile", "-s", "program.scm"])
