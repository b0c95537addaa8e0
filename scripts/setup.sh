# shellcheck shell=bash
# Sourced by ./mvnw and ./smemv: finds or installs what they need. Says what it does, and is quick the second time.

say() { printf 'smemv: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# True when $1 is the home of a JDK 25 or later.
is_jdk25() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] &&
    [ "$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")" -ge 25 ] 2>/dev/null
}

find_jdk() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/*jdk* /opt/java/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
    if [ -n "$home" ] && is_jdk25 "$home"; then
      printf '%s\n' "$home"
      return 0
    fi
  done
  return 1
}

apt_install() {
  [ "$(id -u)" = 0 ] || die "missing Debian packages: $*. Install them, or run this once as root."
  command -v apt-get >/dev/null || die "missing packages: $*. Only Debian's apt-get is known here: install them by hand."
  say "installing Debian packages: $*"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
    { apt-get update -qq >/dev/null 2>&1 || true
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; } ||
    die "apt-get could not install: $*. Run 'apt-get install $*' to see why."
}

setup_jdk() {
  local home
  home=$(find_jdk) || {
    apt_install openjdk-25-jdk-headless
    home=$(find_jdk) || die "no JDK 25 found: set JAVA_HOME to one."
  }
  export JAVA_HOME=$home
  export PATH="$JAVA_HOME/bin:$PATH"
}

setup_maven() {
  command -v mvn >/dev/null || apt_install maven
}

# What the lab runs: the VMs, what runs in them, and what makes hosts out of namespaces.
LAB_PACKAGES=(qemu-system-x86 busybox-static memcached stress-ng iproute2 iperf3 util-linux mount)

# Installs those of them that are missing.
setup_packages() {
  local package missing=()
  command -v dpkg-query >/dev/null || die "the lab builds its guest from Debian's packages: run it on Debian."
  for package in "${LAB_PACKAGES[@]}"; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ "${#missing[@]}" = 0 ] || apt_install "${missing[@]}"
}

# True when these Maven arguments lead to tests in real namespaces with real QEMU.
runs_integration_tests() {
  local argument result=1
  for argument in "$@"; do
    case $argument in
      verify | install | integration-test | deploy) result=0 ;;
      -DskipTests | -DskipTests=true | -DskipITs | -DskipITs=true | -Dmaven.test.skip=true) return 1 ;;
    esac
  done
  return $result
}

# True when something that goes into the jars in folder $1 changed after the last complete build.
is_stale() {
  local built=$1/.smemv/built
  [ -e "$built" ] && [ -d "$1/bench/target/lib" ] || return 0
  [ -n "$(find "$1" -mindepth 1 -name target -prune -o -name '.?*' -prune -o -path '*/src/test' -prune -o \
    \( -path '*/src/main/*' -o -name pom.xml \) -newer "$built" -print -quit)" ]
}

# Builds the sources in folder $1, unless that was done. Of two callers at once, one builds and the
# other waits for it.
build_when_stale() {
  is_stale "$1" || return 0
  setup_maven
  mkdir -p "$1/.smemv" 2>/dev/null || die "S-memV is not built yet, and $1 is not yours to build in: run this once as its owner."
  (
    flock 9
    is_stale "$1" || exit 0
    say "building (about a minute the first time)"
    # Taken before the build: what is saved during it must be built again.
    touch "$1/.smemv/building"
    cd "$1" || die "$1 is gone"
    mvn -q -B -ntp package -Dmaven.test.skip=true -Dspotless.check.skip=true >.smemv/build.log 2>&1 ||
      { tail -n 40 .smemv/build.log >&2; die "the build failed; all of it is in $1/.smemv/build.log"; }
    mv .smemv/building .smemv/built
  ) 9>"$1/.smemv/lock"
}
