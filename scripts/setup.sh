#!/usr/bin/env bash
# scripts/setup.sh demo|docs|test: have .venv hold edgewise (editable) and what the extra of that name asks for.
# scripts/setup.sh test lowest: the same in .venv-lowest, with the oldest releases that pyproject.toml admits.
#
# Success is a stamp for each extra, written last: it names this folder and the checksum of pyproject.toml, so a moved or
# copied clone and a changed pyproject.toml are noticed, and a touched one is not. A .venv without a stamp is half-made: it
# goes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extra=$1 lowest=${2:-}
venv=.venv${lowest:+-$lowest}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_USER=no
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV PIP_PREFIX PIP_TARGET

fail() {
    echo "edgewise: $*" >&2
    exit 1
}

# The first Python that runs (a pyenv shim may not) and is new enough; for that of a virtualenv, the one beneath it.
# The oldest releases are older than Python 3.13, and have no wheels for it.
find_python() {
    local name path newest=99
    [[ "$lowest" ]] && newest=12
    for name in ${PYTHON:+"$PYTHON"} ${lowest:+python3.11} python3 python3.14 python3.13 python3.12 python3.11; do
        while IFS= read -r path; do
            "$path" -c "import sys; (3, 11) <= sys.version_info[:2] <= (3, $newest) or sys.exit(1)
print(sys._base_executable)" 2>/dev/null && return
        done < <(type -ap "$name")
    done
    return 1
}

install() {
    "$venv/bin/python" -m pip install --quiet --only-binary :all: "$@" ||
        fail "pip could not install ${!#} (see above): is the network there, and is there a wheel of it for this Python?"
}

stamps() { cat "$venv"/.{demo,docs,test}-stamp 2>/dev/null || true; }
holds() { [ "$(cat "$venv/.$1-stamp" 2>/dev/null)" = "$wanted" ]; }

# "name==version" for each "name>=version" of pyproject.toml
oldest() {
    "$venv/bin/python" - <<'END'
import re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
lists = [project["dependencies"], *project["optional-dependencies"].values()]
for requirement in sum(lists, []):
    if found := re.match(r"([\w-]+)(?:\[.*?\])?>=([^,; ]+)", requirement):
        print("==".join(found.groups()))
END
}

wanted="$(cksum <pyproject.toml) $PWD"
alive=$("$venv/bin/python" -c 'print("yes")' 2>/dev/null || true)
[ "$alive" ] && holds "$extra" && exit 0

target=$extra${lowest:+-$lowest}
echo "edgewise: setting up $venv for make $target (once; this needs the network)"
if ! [[ "$alive" && "$(stamps)" == *" $PWD" ]]; then
    python=$(find_python) || fail "no Python 3.11 or newer${lowest:+ (up to 3.12)} runs here: install one (Debian, Ubuntu: apt install python3" \
        "python3-venv) or name it: make $target PYTHON=/path/to/python3"
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 || {
        rm -rf "$venv"
        fail "$python cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install" \
            "python3-venv) or name another Python: make $target PYTHON=/path/to/python3"
    }
fi

held=$extra
for other in demo docs; do # what the environment has already stays in it, and the test extra holds both
    if [ "$extra" = test ] || holds "$other"; then held+=" $other"; fi
done
rm -f "$venv"/.{demo,docs,test}-stamp
install hatchling
[[ ! "$lowest" ]] || oldest >"$venv/oldest.txt"
install --no-build-isolation ${lowest:+--constraint "$venv/oldest.txt"} --editable ".[$extra]"
for name in $held; do echo "$wanted" >"$venv/.$name-stamp"; done
