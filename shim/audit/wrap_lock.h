/* Memory that is locked. */
#ifndef FP_AUDIT_WRAP_LOCK_H
#define FP_AUDIT_WRAP_LOCK_H

/* As the system call mlockall, but for the record. */
long fp_lock_all(unsigned flags);

#endif
