# Roots of Debian releases, for tests/debian13 and tests/package/run; sourced by bash.

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# What this machine's apt uses, with another suite.
debian_sources() { # suite
	local mirror name
	apt-get indextargets --format '$(REPO_URI) $(LABEL)' \
		'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u |
		while read -r mirror name; do
			case $name in
			Debian) echo "deb $mirror $1 main" && echo "deb $mirror $1-updates main" ;;
			Debian-Security) echo "deb $mirror $1-security main" ;;
			esac
		done
}

make_debian_root() { # suite, root, packages with commas
	local list
	list=$(debian_sources "$1")
	if [ -z "$list" ]; then
		echo "$0: this machine's apt names no Debian mirror: run apt-get update, or see its sources" >&2
		exit 1
	fi
	echo "making $2 from the mirror of this machine's apt"
	as_root rm -rf --one-file-system "$2" "$2.new"
	mkdir -p "$(dirname "$2")"
	# Under another name until it is whole.
	as_root mmdebstrap --quiet --variant=apt --include="$3" "$1" "$2.new" - <<<"$list"
	as_root mv "$2.new" "$2"
}

# A command in the root, with /proc, /dev and a /tmp of its own; all mounts and processes end
# with it. First argument: options of unshare.
enter_debian_root() { # root, options, script, its arguments
	local root=$1 options=$2
	shift 2
	as_root unshare --mount --pid --ipc --uts --fork --kill-child $options \
		bash -euc '
		root=$1
		shift
		trap : INT TERM # ends what runs below, not the first process: it has a status to tell
		mount --make-rprivate /
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
		hostname debian
		cd "$root"
		pivot_root . . # not chroot, which a test that enters a mount namespace would leave
		umount -l .
		/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/carepace LANG=C.UTF-8 \
			TERM="${TERM:-dumb}" bash -euc "$@"
	' enter "$root" "$@"
}
