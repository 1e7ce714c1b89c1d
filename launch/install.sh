# Sourced by launch/quickstart and launch/test: installs what is missing on Debian and Ubuntu.
# shellcheck shell=bash

say() { printf '\n==> %s\n' "$*"; }

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        echo "this needs root and there is no sudo; run as root: $*" >&2
        return 1
    fi
}

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) == installed ]]
}

install_packages() {
    local missing=() package
    for package in "$@"; do
        if ! is_installed "$package"; then missing+=("$package"); fi
    done
    if ((${#missing[@]} == 0)); then
        echo "all there: $*"
        return
    fi
    echo "installing ${missing[*]}"
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends "${missing[@]}"
}

has_apt() { command -v apt-get > /dev/null && command -v dpkg-query > /dev/null; }

install_libraries() {
    local packages=(
        libopenmpi-dev openmpi-bin libopenblas-dev libdnnl-dev libhdf5-dev hdf5-tools
        libhwloc-dev zlib1g-dev libzstd-dev libbz2-dev liblzma-dev libsnappy-dev
        libsqlite3-0
        libgumbo-dev pkg-config)
    say 'Libraries (OpenMPI, OpenBLAS, oneDNN, HDF5, hwloc, zlib, zstd, bzip2, xz, snappy, gumbo)'
    if has_apt; then
        install_packages "${packages[@]}"
        return
    fi
    echo "There is no apt-get here: this installs nothing. The build needs what Debian calls"
    echo "    ${packages[*]}"
    echo 'Install these with the package manager of this system, so that pkg-config finds them.'
    local library
    for library in ompi-c openblas hdf5 hwloc; do
        if ! pkg-config --exists "$library" 2> /dev/null; then
            echo "pkg-config does not find $library" >&2
            return 1
        fi
    done
}

# Networks of hosts (Tests/Cluster: ip, tc, hostname), signals to ranks (pgrep), other locales
# (localedef), and the table of Tests/Cluster/slow-links (python3).
install_test_tools() {
    local packages=(iproute2 hostname procps locales python3)
    say 'Tools of the tests'
    if has_apt; then
        install_packages "${packages[@]}"
    else
        echo "There is no apt-get here. The tests want what Debian calls ${packages[*]}"
    fi
}

# Slurm, sshd and MPICH for launch/test --cluster. Their packages start none of them on this machine.
install_cluster_tools() {
    local packages=(
        slurm-wlm munge openssh-server openssh-client libmpich-dev mpich)
    local policy=/usr/sbin/policy-rc.d status=0
    say 'Slurm, sshd and MPICH'
    if ! has_apt; then
        echo "There is no apt-get here. The tests want what Debian calls ${packages[*]}"
        return
    fi
    if [[ -e $policy ]]; then
        install_packages "${packages[@]}"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" > /dev/null
    as_root chmod 755 "$policy"
    install_packages "${packages[@]}" || status=$?
    as_root rm "$policy"
    return "$status"
}

require_swift() {
    say 'Swift'
    require_command swift 'install Swift 6.3 or later: https://www.swift.org/install/linux'
    swift --version
}

# The clients of the server, in an environment of their own beside the build.
install_serving_clients() {
    say 'Install the clients (openai, langchain, lm_eval, Chromium) and llama.cpp'
    if has_apt; then install_packages python3-venv chromium chromium-driver; fi
    python3 -m venv .build/serving-clients
    .build/serving-clients/bin/pip install --quiet openai 'jsonschema[format-nongpl]' langchain-openai selenium \
        'lm_eval[hf,api]==0.4.13' torch transformers accelerate rouge-score scikit-learn \
        xllamacpp==2026.10.11549
    export SWIFT_LLM_SERVING_PYTHON=$PWD/.build/serving-clients/bin/python
}

# The programs with which the corpus is compared, in an environment of their own beside the build, and
# pages of HTML that Sphinx made.
install_corpus_peers() {
    local pages=.build/corpus-pages
    say 'Install datatrove, rensa and trafilatura'
    if has_apt; then install_packages python3-venv zstd; fi
    python3 -m venv .build/corpus-peers
    .build/corpus-peers/bin/pip install --quiet 'datatrove[processing]==0.10.1' rensa==0.5.0 \
        trafilatura==2.3.1 lxml_html_clean regex pyarrow==26.0.1
    if [[ ! -d $pages ]] && has_apt; then
        mkdir -p "$pages"
        (cd "$pages" && apt-get download python3.11-doc && dpkg -x ./*.deb .)
    fi
}

# Chromium, a system to install the package in, and the readers of other tools, these in an environment of
# their own beside the build, whose Python is then `watching_python`.
install_watching_peers() {
    local checkout
    checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    watching_python=$checkout/.build/watching-peers/bin/python
    say 'Install Chromium, debootstrap, and the readers of TensorBoard and trackio'
    if has_apt; then
        install_packages python3-venv chromium chromium-driver debootstrap dpkg-dev fonts-dejavu-core
    fi
    if [[ ! -x $watching_python ]]; then python3 -m venv "$checkout/.build/watching-peers"; fi
    "$watching_python" -m pip install --quiet selenium tensorboard trackio==0.43.0
}

# The programs with which alignment is compared, in environments of their own beside the build.
install_alignment_peers() {
    say 'Install TRL, alpaca_eval and choix'
    if has_apt; then install_packages python3-venv; fi
    python3 -m venv .build/alignment-peers
    .build/alignment-peers/bin/pip install --quiet trl==1.16.0 torch==2.13.0 transformers==5.24.0 \
        peft==0.21.2
    python3 -m venv .build/rating-peers
    .build/rating-peers/bin/pip install --quiet alpaca_eval==0.6.6 choix==0.4.1 scikit-learn scipy pandas patsy
}
