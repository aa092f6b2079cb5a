#!/bin/sh
# Gets the programs of tests/clients: log shippers of Debian and of PyPI, as they are published.
# Nothing is installed into the system: packages are unpacked below the folder, by default
# ~/.cache/yagura-clients, which the tests look at unless YAGURA_CLIENTS names another.
#
#   tests/clients/install.sh [FOLDER]
#
# Needs apt-get, dpkg and python3; where one is missing or a registry is not reached, the tests of
# what could not be had are skipped.
set -u

folder=${1:-${YAGURA_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/yagura-clients}}
mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd)
failed=0

# rsyslog and syslog-ng exclude each other as packages, so each gets a root of its own, with
# those of the libraries it needs that the system does not have.
unpack() {
    name=$1
    shift
    if [ -f "$folder/$name/complete" ]; then
        return
    fi
    rm -rf "${folder:?}/$name" && mkdir -p "$folder/$name/packages" || return 1
    wanted=$(apt-get install --simulate --no-install-recommends "$@" 2>/dev/null |
        awk '$1 == "Inst" { print $2 }')
    if [ -z "$wanted" ]; then
        wanted=$*
    fi
    # shellcheck disable=SC2086 # a list
    (cd "$folder/$name/packages" && apt-get -o APT::Sandbox::User=root download -qq $wanted) || return 1
    for package in "$folder/$name"/packages/*.deb; do
        dpkg -x "$package" "$folder/$name" || return 1
    done
    rm -rf "$folder/$name/packages"
    touch "$folder/$name/complete"
}

python_clients() {
    if [ -f "$folder/python/complete" ]; then
        return
    fi
    rm -rf "${folder:?}/python"
    python3 -m venv "$folder/python" || return 1
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check \
        'elasticsearch>=8,<9' pylogbeat fluent-logger \
        opentelemetry-sdk opentelemetry-exporter-otlp-proto-grpc \
        opentelemetry-exporter-otlp-proto-http || return 1
    touch "$folder/python/complete"
}

if command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
    apt-cache show rsyslog >/dev/null 2>&1 || apt-get update -qq
    unpack rsyslog rsyslog rsyslog-relp rsyslog-gnutls rsyslog-elasticsearch || failed=1
    unpack syslog-ng syslog-ng-core syslog-ng-scl syslog-ng-mod-http || failed=1
else
    echo "no apt-get here: rsyslog and syslog-ng are not got" >&2
    failed=1
fi
python_clients || failed=1
[ "$failed" = 0 ] || echo "not all clients could be got; their tests are skipped" >&2
exit "$failed"
