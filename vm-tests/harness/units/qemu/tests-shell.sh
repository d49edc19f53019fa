#!/bin/bash
# Runs the harness' commands, one after the other: the other end is harness/qemu_shell.py.
#
# A request is `NUMBER SIZE COMMAND`, ended by a NUL, and SIZE bytes of standard input. The
# answer is the line `done NUMBER CODE OUT ERR` and so many bytes of output and of errors.
# Whoever starts says `greeting BOOT-STAGE`, so that the harness notices a new boot, and the
# end of the initrd.

port=/dev/virtio-ports/shell
work=/run/first-boot-tests-shell

mkdir -p "$work"
# One descriptor for both ways: the port can be opened once only.
exec 3<>"$port"
stage=system
[[ ! -e /etc/initrd-release ]] || stage=initrd
printf 'greeting %s-%s\n' "$(</proc/sys/kernel/random/boot_id)" "$stage" >&3

while IFS= read -r -d '' -u 3 request; do
  number=${request%% *} request=${request#* }
  size=${request%% *} command=${request#* }
  input=$work/$number.in output=$work/$number.out errors=$work/$number.err
  if ((size > 0)); then
    head --bytes="$size" <&3 >"$input"
  else
    input=/dev/null
  fi
  (eval "exec $command") <"$input" >"$output" 2>"$errors" 3>&-
  code=$?
  # Something it left running may still write: exactly what is announced is sent.
  { read -r out; read -r err; } < <(stat --format=%s "$output" "$errors")
  printf 'done %d %d %d %d\n' "$number" "$code" "$out" "$err" >&3
  ((out == 0)) || head --bytes="$out" "$output" >&3
  ((err == 0)) || head --bytes="$err" "$errors" >&3
  rm --force "$work/$number".*
done
