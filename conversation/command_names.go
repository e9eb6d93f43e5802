package conversation

// Name implements Command.
func (Inbound) Name() string         { return "Inbound" }
func (Inbound) conversationCommand() {}

// Name implements Command.
func (Outside) Name() string         { return "Outside" }
func (Outside) conversationCommand() {}

// Name implements Command.
func (Edit) Name() string         { return "Edit" }
func (Edit) conversationCommand() {}

// Name implements Command.
func (Unsend) Name() string         { return "Unsend" }
func (Unsend) conversationCommand() {}

// Name implements Command.
func (React) Name() string         { return "React" }
func (React) conversationCommand() {}

// Name implements Command.
func (Receipt) Name() string         { return "Receipt" }
func (Receipt) conversationCommand() {}

// Name implements Command.
func (Hangup) Name() string         { return "Hangup" }
func (Hangup) conversationCommand() {}

// Name implements Command.
func (Accept) Name() string         { return "Accept" }
func (Accept) conversationCommand() {}

// Name implements Command.
func (Decline) Name() string         { return "Decline" }
func (Decline) conversationCommand() {}

// Name implements Command.
func (Write) Name() string         { return "Write" }
func (Write) conversationCommand() {}

// Name implements Command.
func (TransferToQueue) Name() string         { return "TransferToQueue" }
func (TransferToQueue) conversationCommand() {}

// Name implements Command.
func (TransferToAgent) Name() string         { return "TransferToAgent" }
func (TransferToAgent) conversationCommand() {}

// Name implements Command.
func (CancelTransfer) Name() string         { return "CancelTransfer" }
func (CancelTransfer) conversationCommand() {}

// Name implements Command.
func (Invite) Name() string         { return "Invite" }
func (Invite) conversationCommand() {}

// Name implements Command.
func (CancelInvite) Name() string         { return "CancelInvite" }
func (CancelInvite) conversationCommand() {}

// Name implements Command.
func (Leave) Name() string         { return "Leave" }
func (Leave) conversationCommand() {}

// Name implements Command.
func (Remove) Name() string         { return "Remove" }
func (Remove) conversationCommand() {}

// Name implements Command.
func (End) Name() string         { return "End" }
func (End) conversationCommand() {}

// Name implements Command.
func (SubmitWrapUp) Name() string         { return "SubmitWrapUp" }
func (SubmitWrapUp) conversationCommand() {}

// Name implements Command.
func (ExtendWrapUp) Name() string         { return "ExtendWrapUp" }
func (ExtendWrapUp) conversationCommand() {}

// Name implements Command.
func (CancelCountdown) Name() string         { return "CancelCountdown" }
func (CancelCountdown) conversationCommand() {}

// Name implements Command.
func (SetAttributes) Name() string         { return "SetAttributes" }
func (SetAttributes) conversationCommand() {}

// Name implements Command.
func (SetPriority) Name() string         { return "SetPriority" }
func (SetPriority) conversationCommand() {}

// Name implements Command.
func (MakeOffer) Name() string         { return "MakeOffer" }
func (MakeOffer) conversationCommand() {}

// Name implements Command.
func (EndOffer) Name() string         { return "EndOffer" }
func (EndOffer) conversationCommand() {}

// Name implements Command.
func (Requeue) Name() string         { return "Requeue" }
func (Requeue) conversationCommand() {}

// Name implements Command.
func (DropSeat) Name() string         { return "DropSeat" }
func (DropSeat) conversationCommand() {}

// Name implements Command.
func (CloseWrapUp) Name() string         { return "CloseWrapUp" }
func (CloseWrapUp) conversationCommand() {}

// Name implements Command.
func (Interrupt) Name() string         { return "Interrupt" }
func (Interrupt) conversationCommand() {}

// Name implements Command.
func (Finish) Name() string         { return "Finish" }
func (Finish) conversationCommand() {}

// Name implements Command.
func (Settled) Name() string         { return "Settled" }
func (Settled) conversationCommand() {}

// Name implements Command.
func (Deferred) Name() string         { return "Deferred" }
func (Deferred) conversationCommand() {}

// Name implements Command.
func (Stored) Name() string         { return "Stored" }
func (Stored) conversationCommand() {}

// Name implements Command.
func (Tick) Name() string         { return "Tick" }
func (Tick) conversationCommand() {}

// Name implements Command.
func (AcceptAll) Name() string         { return "AcceptAll" }
func (AcceptAll) conversationCommand() {}
