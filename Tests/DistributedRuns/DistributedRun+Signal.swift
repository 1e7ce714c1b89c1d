extension DistributedRun {
    /// A signal for the process that was started (mpirun, where there are ranks) or for one rank, sent
    /// once a condition holds.
    package struct Signal: Sendable {
        package enum Target: Sendable {
            case launcher
            case rank(Int)
        }

        let name: String
        let target: Target
        /// A test of bash.
        let condition: String
        let milliseconds: Int

        static let mark = "seconds from the signal to the end: "

        /// When a file has so many lines, and so many milliseconds have passed since.
        package init(
            _ name: String, to target: Target = .launcher, afterLines lineCount: Int,
            of path: String, milliseconds: Int = 0
        ) {
            self.init(
                name, to: target, milliseconds: milliseconds,
                when: "(($(cat '\(path)' 2> /dev/null | wc -l) >= \(lineCount)))")
        }

        /// When a test of bash succeeds.
        package init(
            _ name: String, to target: Target = .launcher, milliseconds: Int = 0,
            when condition: String
        ) {
            self.name = name
            self.target = target
            self.condition = condition
            self.milliseconds = milliseconds
        }

        /// Runs its arguments as a child and returns the child's exit code, once the child and its
        /// children have ended, but 12 seconds after the signal at the latest.
        var script: String {
            """
            lives() { [[ -e /proc/$1 ]] && ! grep -qs '^State:.Z' /proc/$1/status; }
            # A shell lets its background jobs ignore INT.
            env --default-signal=INT "$@" & child=$!
            until \(condition) || ! lives $child; do sleep 0.005; done
            sleep \(Double(milliseconds) / 1000)
            processes=$(pgrep -P $child)
            target=$child
            \(choice)
            start=$(date +%s%N)
            kill -\(name) $target
            wait $child
            code=$?
            for process in $processes; do
                until ! lives $process || (($(date +%s%N) - start > 12000000000)); do sleep 0.05; done
                if lives $process; then kill -KILL $process; fi
            done
            echo "\(Self.mark)$(awk "BEGIN {print ($(date +%s%N) - $start) / 1e9}")" >&2
            exit $code
            """
        }

        private var choice: String {
            guard case .rank(let rank) = target else { return "" }
            return """
                for process in $processes; do
                    if grep -qz '^OMPI_COMM_WORLD_RANK=\(rank)$' /proc/$process/environ; then
                        target=$process
                    fi
                done
                """
        }
    }
}
