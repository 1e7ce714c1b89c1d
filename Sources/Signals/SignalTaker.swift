import CSignals
import Foundation

/// The one thread that takes the signals which other processes send to this one.
///
/// They are blocked in every other thread: a handler on a thread that computes would destroy what
/// the code of libraries keeps below the stack pointer.
package enum SignalTaker {
    /// Starts the thread; a program does so once, before anything else.
    ///
    /// Until a `StopRequest` exists, TERM, INT and HUP end the process as they do by default, and USR1
    /// is kept for it. The signals that are no request to stop have no effect.
    ///
    /// - Parameter ending: Signals that end the process in any case, such as ALRM for a limit of time.
    package static func start(ending: Set<Int32> = []) {
        let isThere = DispatchSemaphore(value: 0)
        let thread = Thread {
            csignals_become_taker()
            isThere.signal()
            while true { take(csignals_take(), ending) }
        }
        thread.stackSize = 1 << 18
        thread.start()
        isThere.wait()
    }

    /// Takes the signals, too, that the kernel hands to a thread of a library whose mask is open, by
    /// a handler. A program that computes must not: see `SignalTaker`.
    package static func takeFromOpenThreads() { csignals_pass_on() }

    /// The names of the stop signals that the process was started to ignore, as by nohup.
    package static var ignoredNames: [String] {
        StopSignals.names.filter { csignals_is_ignored($0.key) != 0 }.map(\.value).sorted()
    }

    /// From now on TERM has no effect: the process is about to end by itself.
    ///
    /// srun and mpirun send it to all ranks as soon as the first has ended with a code that is not 0, and
    /// it would rob the slower ones of theirs, which says that the run has saved.
    package static func keepExitCode() { StopSignals.state.withLock { $0.isEnding = true } }

    private static func take(_ number: Int32, _ ending: Set<Int32>) {
        if ending.contains(number) { return csignals_obey(number) }
        guard StopSignals.names[number] != nil else { return }
        switch StopSignals.receive(number) {
        case .obey: csignals_obey(number)
        case .react(let reaction): reaction?(number)
        }
    }
}
