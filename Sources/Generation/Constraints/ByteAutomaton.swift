/// The states of texts that follow a grammar, found as they are wanted and kept.
final class ByteAutomaton {
    /// A place in the program, and the number of the stack of the rules that it stands in.
    private struct Thread: Hashable {
        let place: Int
        let stack: Int
    }

    private struct Frame: Hashable {
        let place: Int
        let below: Int
    }

    /// The state that no text leads to.
    static let dead = 0

    private let program: ByteProgram
    private var states: [[Thread]] = [[]]
    private var numbers: [[Thread]: Int] = [[]: 0]
    private var steps: [[Int32]] = [Array(repeating: 0, count: 256)]
    private var complete: [Bool] = [false]
    private var needs = [ByteProgram.endless]
    /// Stack 0 is empty.
    private var frames: [Frame] = [Frame(place: -1, below: -1)]
    private var stacks: [Frame: Int] = [:]
    private var depths = [0]
    /// The fewest bytes behind a stack's last rule.
    private var rests = [0]

    private static let unknown: Int32 = -1
    private static let mostDepth = 500

    private(set) var start = 0

    init(_ program: ByteProgram) {
        self.program = program
        start = number(of: closure([Thread(place: program.starts[0], stack: 0)]))
    }

    /// Whether a text may end in a state.
    func isComplete(_ state: Int) -> Bool { complete[state] }

    /// Whether a text cannot go on from a state.
    func isFinal(_ state: Int) -> Bool {
        states[state].allSatisfy { thread in
            if case .set = program.instructions[thread.place] { false } else { true }
        }
    }

    /// The fewest tokens to the end of a text, where each byte is a token: its bytes, and an end of text where
    /// it could also go on.
    func need(_ state: Int) -> Int { needs[state] }

    func next(_ state: Int, _ byte: UInt8) -> Int {
        let known = steps[state][Int(byte)]
        if known != Self.unknown { return Int(known) }
        let moved = states[state].compactMap { thread -> Thread? in
            guard case .set(let set) = program.instructions[thread.place], set.contains(byte) else {
                return nil
            }
            return Thread(place: thread.place + 1, stack: thread.stack)
        }
        let next = moved.isEmpty ? Self.dead : number(of: closure(moved))
        steps[state][Int(byte)] = Int32(next)
        return next
    }

    private func number(of threads: [Thread]) -> Int {
        if let number = numbers[threads] { return number }
        states.append(threads)
        numbers[threads] = states.count - 1
        steps.append(Array(repeating: Self.unknown, count: 256))
        complete.append(
            threads.contains { thread in
                if case .done = program.instructions[thread.place] { true } else { false }
            })
        let bytes = threads.map { program.needs[$0.place] + rests[$0.stack] }.min()
        needs.append(isFinal(states.count - 1) ? 0 : bytes.map { $0 + 1 } ?? ByteProgram.endless)
        return states.count - 1
    }

    /// All threads that wait for a byte, or are done, in a fixed order.
    private func closure(_ threads: [Thread]) -> [Thread] {
        var found: Set<Thread> = []
        var waiting: [Thread] = []
        var left = threads
        while let thread = left.popLast() {
            guard found.insert(thread).inserted else { continue }
            let (place, stack) = (thread.place, thread.stack)
            switch program.instructions[place] {
            case .set: waiting.append(thread)
            case .split(let a, let b):
                left.append(Thread(place: b, stack: stack))
                left.append(Thread(place: a, stack: stack))
            case .jump(let target): left.append(Thread(place: target, stack: stack))
            case .call(let rule):
                guard depths[stack] < Self.mostDepth else { continue }
                let inner = push(Frame(place: place + 1, below: stack))
                left.append(Thread(place: program.starts[rule], stack: inner))
            case .done:
                if stack == 0 {
                    waiting.append(thread)
                } else {
                    left.append(Thread(place: frames[stack].place, stack: frames[stack].below))
                }
            case .stuck: break
            }
        }
        return waiting.sorted { ($0.place, $0.stack) < ($1.place, $1.stack) }
    }

    private func push(_ frame: Frame) -> Int {
        if let stack = stacks[frame] { return stack }
        frames.append(frame)
        depths.append(depths[frame.below] + 1)
        rests.append(program.needs[frame.place] + rests[frame.below])
        stacks[frame] = frames.count - 1
        return frames.count - 1
    }
}
