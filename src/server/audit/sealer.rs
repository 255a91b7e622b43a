//! Seals what is new in the log: reads its entries, adds them to the tree, signs a
//! checkpoint, makes all of that durable, and then publishes it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::error::OpenError;
use super::fork::{Elsewhere, Fork};
use super::mark::MarkFile;
use super::opening::{self, Setup};
use super::signer::{Signer, Signing};
use modegate_core::time::Timestamp;
use modegate_core::tlog::entry::hash_of;
use modegate_core::tlog::{Checkpoint, Growth, Note, Origin, VerifierKey};
use modegate_store::proof::{Seal, Tree};
use modegate_store::{Store, StoreError};

/// Most entries that are sealed in one transaction.
const ENTRIES: usize = 8_192;
/// And most of their bytes.
const BYTES: u64 = 8 * 1024 * 1024;

/// Steps of sealing, for tests that end the process before one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealStep {
    /// The entries were read; nothing is signed yet.
    Sign,
    /// A checkpoint was signed; nothing is durable.
    Commit,
    /// It is durable; it is not published yet.
    Publish,
}

/// Seals the log. There is one for each store.
pub struct Sealer {
    setup: Setup,
    signing: RwLock<Arc<Signing>>,
    marks: MarkFile,
    /// How many entries are under a checkpoint that is published.
    published: AtomicU64,
    /// Held while something is sealed.
    busy: Arc<tokio::sync::Mutex<()>>,
    /// When all was sealed and published last, or this began.
    sealed_at: Mutex<Instant>,
    /// Set when the server ends: what is left is sealed at the next start.
    ends: AtomicBool,
    stops_before: Mutex<Option<SealStep>>,
}

impl Sealer {
    /// Opens the log. Its key is made when it records none yet. A database that is older than
    /// what was published of its log begins another epoch.
    ///
    /// # Errors
    /// The key is missing or another one, or the store failed.
    pub async fn open(setup: Setup) -> Result<Self, OpenError> {
        let (signing, marks) = opening::open(&setup).await?;
        Ok(Sealer {
            setup,
            signing: RwLock::new(Arc::new(signing)),
            marks,
            published: AtomicU64::new(0),
            busy: Arc::default(),
            sealed_at: Mutex::new(Instant::now()),
            ends: AtomicBool::new(false),
            stops_before: Mutex::default(),
        })
    }

    /// The origin that checkpoints are signed under.
    pub fn origin(&self) -> Origin {
        self.signing().origin.clone()
    }

    fn signing(&self) -> Arc<Signing> {
        let signing = self.signing.read();
        Arc::clone(&signing.unwrap_or_else(PoisonError::into_inner))
    }

    /// The store that has the log.
    pub fn store(&self) -> &dyn Store {
        &*self.setup.store
    }

    /// How often the log is to be sealed.
    pub fn interval(&self) -> Duration {
        self.setup.interval
    }

    /// For how long sealing has not come to its end.
    pub fn since_sealed(&self) -> Duration {
        let at = self.sealed_at.lock();
        at.unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// How many entries are under a checkpoint that is durable and published beside the
    /// database; 0 until this has looked. An older database in the place of this one is
    /// noticed by that, so no entry below is ever another one under the same origin.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Why the file of the key that signs cannot be used any more, if so: the next start
    /// would fail. Where the key in use lies beside another one, that start changes over.
    pub(super) fn key_fault(&self) -> Option<String> {
        let file = &self.setup.key_file;
        let signing = self.signing();
        let in_use = signing.signers.first()?.key.public();
        match (file.open(false), file.old()) {
            (Err(error), _) => Some(error.to_string()),
            (Ok(key), _) if key.public() == in_use => None,
            (Ok(_), Ok(Some(old))) if old.public() == in_use => None,
            (Ok(_), _) => {
                let path = file.path().display();
                Some(format!("{path} has another key than the one that signs"))
            }
        }
    }

    /// The verifier keys of the keys that sign at this time, the one in force first.
    pub fn verifiers(&self, now: Timestamp) -> Vec<VerifierKey> {
        let signing = self.signing();
        let keys = signing.at(now).map(|signer| signer.verifier.clone());
        keys.collect()
    }

    /// Begins another epoch: this witness knows of the origin a tree of that size that is not
    /// in the database. Whether it began: not where the log has left the origin already.
    ///
    /// # Errors
    /// The key is missing, or the store failed.
    pub(super) async fn forked(
        &self,
        origin: &Origin,
        witness: &str,
        size: u64,
    ) -> Result<bool, OpenError> {
        let _held = self.busy.lock().await;
        if self.origin() != *origin {
            return Ok(false);
        }
        let tree = self.setup.store.tree().await?;
        let fork = Fork {
            elsewhere: Elsewhere::Witness {
                name: witness.to_owned(),
                size,
            },
            epoch: origin.epoch() + 1,
        };
        let signing = opening::begin(
            &self.setup,
            &tree,
            origin.clone(),
            Some(&fork),
            opening::OPERATOR,
        )
        .await?;
        self.sign_by(signing);
        Ok(true)
    }

    fn sign_by(&self, signing: Signing) {
        let in_force = self.signing.write();
        *in_force.unwrap_or_else(PoisonError::into_inner) = Arc::new(signing);
    }

    /// Puts a new key in force; the one before signs too for a while. Its verifier key. What
    /// an interruption leaves undone the next start does.
    ///
    /// # Errors
    /// The key's file or the store failed.
    pub async fn rotate(&self, actor: &str) -> Result<VerifierKey, OpenError> {
        let _held = self.busy.lock().await;
        self.setup.key_file.change()?;
        let tree = self.setup.store.tree().await?;
        let signing = opening::begin(&self.setup, &tree, self.origin(), None, actor).await?;
        let newest = signing
            .signers
            .first()
            .map(|signer| signer.verifier.clone());
        self.sign_by(signing);
        newest.ok_or_else(|| OpenError::MissingKey(self.setup.key_file.path().to_owned()))
    }

    /// Lets sealing fail before this step. For tests.
    #[doc(hidden)]
    pub fn stop_before(&self, step: Option<SealStep>) {
        let stops = self.stops_before.lock();
        *stops.unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// Seals what is logged by now, in steps. Answers how many entries are sealed.
    ///
    /// # Errors
    /// The store failed, or what is in it is no log. What was sealed before stays so.
    pub async fn seal(self: &Arc<Self>) -> Result<u64, StoreError> {
        self.seal_until(None).await
    }

    /// The same when the server ends, for as long at most.
    ///
    /// # Errors
    /// As above.
    pub(crate) async fn finish(self: &Arc<Self>, most: Duration) -> Result<u64, StoreError> {
        // What is under way ends with its step.
        self.ends.store(true, Ordering::Relaxed);
        let until = Instant::now() + most;
        // Writes whose callers are gone may wait still: what comes after them is behind them.
        self.setup.store.probe().await?;
        loop {
            let sealed = self.seal_until(Some(until)).await?;
            if sealed >= self.setup.store.tree().await?.entries || Instant::now() >= until {
                return Ok(sealed);
            }
        }
    }

    async fn seal_until(self: &Arc<Self>, until: Option<Instant>) -> Result<u64, StoreError> {
        let held = Arc::clone(&self.busy).lock_owned().await;
        let sealer = Arc::clone(self);
        // Reading and hashing would hold up whoever shares the thread.
        let sealed = tokio::task::spawn_blocking(move || {
            let _held = held;
            Handle::current().block_on(sealer.seal_all(until))
        });
        let ended = |_| StoreError::Failed("sealing was interrupted".into());
        sealed.await.map_err(ended)?
    }

    async fn seal_all(&self, until: Option<Instant>) -> Result<u64, StoreError> {
        let store = &*self.setup.store;
        let begun = Instant::now();
        let mut tree = store.tree().await?;
        let (first, of) = (tree.size(), tree.entries);
        let mut published = None;
        let goes_on = || match until {
            Some(until) => Instant::now() < until,
            None => !self.ends.load(Ordering::Relaxed),
        };
        while tree.size() < of && goes_on() {
            published = Some(self.seal_some(&tree).await?);
            tree = store.tree().await?;
            if of - first > ENTRIES as u64 {
                tracing::info!(sealed = tree.size(), of, "seals the log");
            }
        }
        if let Some(note) = published {
            self.at(SealStep::Publish)?;
            self.publish(tree.size(), &self.origin(), &note);
        } else if tree.size() > self.published() {
            // An earlier server ended before it could, or could not write the file.
            self.publish_newest().await?;
        }
        // What could not be published waits still.
        if self.published() >= tree.size() {
            let sealed_at = self.sealed_at.lock();
            *sealed_at.unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        let newest = store.checkpoint().await?.map(|checkpoint| checkpoint.at);
        let metrics = &self.setup.metrics;
        metrics.audit_log(tree.entries, tree.size(), newest);
        if tree.size() > first {
            metrics.audit_sealed(tree.size() - first, begun.elapsed());
        }
        Ok(tree.size())
    }

    fn publish(&self, size: u64, origin: &Origin, note: &str) {
        match self.marks.put(origin, note) {
            Ok(()) => self.published.store(size, Ordering::Release),
            Err(error) => {
                tracing::error!(%error, "could not write the newest checkpoint beside the database");
            }
        }
    }

    async fn publish_newest(&self) -> Result<(), StoreError> {
        let newest = self.setup.store.checkpoint().await?;
        let read = newest.and_then(|newest| {
            let (checkpoint, _) = Checkpoint::from_note(newest.note.as_bytes()).ok()?;
            Some((checkpoint, newest.note))
        });
        if let Some((checkpoint, note)) = read {
            self.publish(checkpoint.size, &checkpoint.origin, &note);
        }
        Ok(())
    }

    /// Seals the next entries. Returns the note that signs them.
    async fn seal_some(&self, tree: &Tree) -> Result<String, StoreError> {
        let store = &*self.setup.store;
        let entries = store.entries(tree.size(), ENTRIES, BYTES).await?;
        let mut growth = Growth::from(tree.frontier.clone());
        for (entry, number) in entries.iter().zip(tree.size()..) {
            let failed = |fault| format!("entry {number} of the log is damaged: {fault}");
            let leaf = hash_of(entry).map_err(|fault| StoreError::Failed(failed(fault).into()))?;
            growth.push(leaf);
        }
        if entries.is_empty() {
            let missing = format!("entry {} of the log is missing", tree.size());
            return Err(StoreError::Failed(missing.into()));
        }
        self.at(SealStep::Sign)?;
        let now = self.setup.clock.now();
        let note = self.sign(&growth, now)?;
        self.at(SealStep::Commit)?;
        let seal = Seal {
            epoch: self.origin().epoch(),
            from: tree.size(),
            frontier: growth.frontier().clone(),
            appends: growth.appends().to_vec(),
            note: note.clone(),
            at: now,
        };
        store.seal(seal).await?;
        Ok(note)
    }

    fn sign(&self, growth: &Growth, now: Timestamp) -> Result<String, StoreError> {
        let (signing, frontier) = (self.signing(), growth.frontier());
        let checkpoint = Checkpoint {
            origin: signing.origin.clone(),
            size: frontier.size(),
            root: frontier.root(),
        };
        let text = checkpoint.text();
        let sign = |signer: &Signer| signer.verifier.sign(&text, |text| signer.key.sign(text));
        let signatures = signing.at(now).map(sign).collect();
        let note = Note::new(text.as_str(), signatures);
        let wrong = || StoreError::Failed("a checkpoint cannot be read back".into());
        Ok(note.ok_or_else(wrong)?.to_string())
    }

    fn at(&self, step: SealStep) -> Result<(), StoreError> {
        let stops = self
            .stops_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match *stops == Some(step) {
            true => Err(StoreError::Failed("a test ends sealing here".into())),
            false => Ok(()),
        }
    }
}
